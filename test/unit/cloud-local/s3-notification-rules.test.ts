import * as fc from "fast-check";
import { expect, test } from "vitest";
import { matches, overlap, type NotificationRule } from "../../../cloud/local/s3/notification-rules.ts";

const rule = (more: Partial<NotificationRule> = {}): NotificationRule => ({
  id: "r",
  queue: "arn",
  events: ["s3:ObjectCreated:*"],
  prefix: "",
  suffix: "",
  ...more,
});

test.each([
  [{}, "ObjectCreated:Put", "k", true],
  [{}, "ObjectRemoved:Delete", "k", false],
  [{ events: ["s3:ObjectCreated:Copy"] }, "ObjectCreated:Put", "k", false],
  [{ events: ["s3:ObjectCreated:Copy"] }, "ObjectCreated:Copy", "k", true],
  [{ prefix: "in/", suffix: ".jpg" }, "ObjectCreated:Put", "in/a.jpg", true],
  [{ prefix: "in/", suffix: ".jpg" }, "ObjectCreated:Put", "in/a.png", false],
  [{ prefix: "in/", suffix: ".jpg" }, "ObjectCreated:Put", "out/a.jpg", false],
])("the rule %o and %s of %s: %s", (more, event, key, told) => {
  expect(matches(rule(more), event, key)).toBe(told);
});

test("two rules that both tell of one event overlap, whatever they look like", () => {
  const part = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 3 });
  const events = fc.constantFrom("s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectRemoved:*");
  const some = fc.record({ prefix: part, suffix: part, event: events });
  const made = { "s3:ObjectCreated:*": "ObjectCreated:Put", "s3:ObjectRemoved:*": "ObjectRemoved:Delete" };
  fc.assert(
    fc.property(some, some, part, (x, y, middle) => {
      const [a, b] = [x, y].map(({ event, ...filter }) => rule({ ...filter, events: [event] }));
      const name = made[x.event as keyof typeof made] ?? "ObjectCreated:Put";
      const key = x.prefix + middle + y.suffix;
      if (a === undefined || b === undefined) throw new Error("two rules were asked for");
      if (matches(a, name, key) && matches(b, name, key)) expect(overlap(a, b)).toBe(true);
      expect(overlap(a, b)).toBe(overlap(b, a));
    }),
  );
});
