import { expect, test } from "vitest";
import { boundsOf } from "../../../../agent/run/bounds.ts";
import { manifestOf } from "../../../support/manifest.ts";

const settings = { node: "/opt/node", slots: 2, cpusPerSlot: 1 };
const places = { folder: "/jobs/a", writable: ["/jobs/a/work"], input: undefined };

test.each([
  [
    ["{node}", "{serviceDir}/main.ts"],
    ["/services/clip", "/opt/node"],
  ],
  [["sha256sum", "{input}"], ["/services/clip"]],
])("%j may read %j", (command, readable) => {
  expect(boundsOf(manifestOf({ command }), "/services/clip", places, settings).readable).toEqual(readable);
});
