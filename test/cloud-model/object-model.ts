import { createHash } from "node:crypto";
/** What a bucket is supposed to hold: key → body. */
export type Objects = Record<string, string>;

export type ObjectStep =
  | { do: "put"; key: string; body: string; condition: "none" | "absent" | { etag: string } }
  | { do: "get" | "remove"; key: string }
  | { do: "remove many"; keys: string[] }
  | { do: "list"; prefix: string; delimiter: string; pageSize: number };

/** What a client should be told. */
export type ExpectedOfObjects =
  | { kind: "done" }
  | { kind: "refused"; code: string }
  | { kind: "written"; etag: string }
  | { kind: "read"; body: string; etag: string }
  | { kind: "listed"; entries: string[] };

const refused = (code: string): ExpectedOfObjects => ({ kind: "refused", code });

export const etagOf = (body: string) => `"${createHash("md5").update(body).digest("hex")}"`;

/** Carries a step out on the model; answers what a client should be told. */
export function applyToObjects(objects: Objects, step: ObjectStep): ExpectedOfObjects {
  switch (step.do) {
    case "put":
      return put(objects, step);
    case "get": {
      const body = read(objects, step.key);
      return body === undefined ? refused("NoSuchKey") : { kind: "read", body, etag: etagOf(body) };
    }
    case "remove":
      delete objects[step.key];
      return { kind: "done" };
    case "remove many":
      for (const key of step.keys) delete objects[key];
      return { kind: "listed", entries: [...new Set(step.keys)].toSorted(byBytes) };
    case "list":
      return list(objects, step);
  }
}

const read = (objects: Objects, key: string) => (Object.hasOwn(objects, key) ? objects[key] : undefined);

function put(objects: Objects, step: Extract<ObjectStep, { do: "put" }>): ExpectedOfObjects {
  const before = read(objects, step.key);
  if (step.condition === "absent" && before !== undefined) return refused("PreconditionFailed");
  if (typeof step.condition === "object") {
    if (before === undefined) return refused("NoSuchKey");
    if (etagOf(before) !== step.condition.etag) return refused("PreconditionFailed");
  }
  objects[step.key] = step.body;
  return { kind: "written", etag: etagOf(step.body) };
}

export const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

function list(
  objects: Objects,
  { prefix, delimiter }: Extract<ObjectStep, { do: "list" }>,
): ExpectedOfObjects {
  const keys = Object.keys(objects)
    .filter((key) => key.startsWith(prefix))
    .toSorted(byBytes);
  const entries = keys.map((key) => {
    const mark = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    return mark < 0 ? `Key ${key}` : `Prefix ${key.slice(0, mark + delimiter.length)}`;
  });
  return { kind: "listed", entries: [...new Set(entries)].toSorted(byBytes) };
}
