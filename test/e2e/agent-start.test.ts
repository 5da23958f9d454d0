import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Fleet, startDrover, startFleet } from "../support/fleet.ts";

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet();
});
afterAll(() => fleet.close());

test.each([
  ["a bucket that is not there", { DROVER_BUCKET: "no-such-bucket" }, /does not exist.*\[bucket-missing\]/],
  [
    "an S3 out of reach",
    { AWS_ENDPOINT_URL_S3: "http://127.0.0.1:9" },
    /ECONNREFUSED.*\[cloud-unreachable\]/,
  ],
  [
    "an SQS out of reach",
    { AWS_ENDPOINT_URL_SQS: "http://127.0.0.1:9" },
    /ECONNREFUSED.*\[cloud-unreachable\]/,
  ],
])("an agent that starts with %s says so, and ends so that it is started again", async (_, env, says) => {
  const places = ["--work-dir", `${fleet.folder}/work`, "--services", `${fleet.folder}/services`];
  const agent = startDrover(["agent", ...places], { ...fleet.env, ...env });
  const [code] = (await once(agent.child, "close")) as [number | null];
  expect(agent.lines.at(-1)).toMatch(says);
  expect(code).toBe(69);
});
