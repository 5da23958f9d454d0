import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { botocorePython } from "../support/botocore.ts";
import { simpleDbCloud } from "../support/simpledb.ts";

const SCRIPT = join(import.meta.dirname, "simpledb_boto.py");
const STRANGE = "\u00e9 *~/+&=% <\"'> \u{1F600}";

test.for(["v2", "v4"])("botocore does its everyday work, signing with %s", async (version, { skip }) => {
  const python = botocorePython(skip);
  const { cloud, reports } = await simpleDbCloud();
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: cloud.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: cloud.credentials.secretAccessKey,
    AWS_SESSION_TOKEN: "",
  };
  const { stdout } = await promisify(execFile)(python, [SCRIPT, cloud.endpoint, version], { env });
  expect(JSON.parse(stdout)).toEqual({
    domains: [`boto-${version}`],
    get: [
      STRANGE,
      [
        ["a", "1"],
        ["a", "2"],
        ["text", STRANGE],
      ],
    ],
    pages: [
      [
        ["i14", [["n", "14"]]],
        ["i13", [["n", "13"]]],
      ],
      [
        ["i12", [["n", "12"]]],
        ["i11", [["n", "11"]]],
      ],
      [["i10", [["n", "10"]]]],
    ],
    count: ["Domain", [["Count", "26"]]],
    stale: ["ConditionalCheckFailed", 409],
    missing: ["NoSuchDomain", 400],
    syntax: ["InvalidQueryExpression", 400],
    counts: [2, 3, 3],
    metadata: ["BoxUsage", "RequestId"],
    left: [],
  });
  expect(reports).toEqual([]);
});
