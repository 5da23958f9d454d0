import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { extendedEncodeURIComponent, HttpRequest } from "@smithy/core/protocols";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SignatureV2 } from "../../../cloud/aws/simpledb/signature-v2.ts";
import { botocorePython } from "../../support/botocore.ts";
import { anyCase, CASES, type Case } from "./cases.ts";
import vectors from "./botocore-vectors.json" with { type: "json" };

interface Signed {
  form: string;
  signature: string;
}

async function sign({ url, params, credentials, signed_at: signedAt }: Case): Promise<Signed> {
  const { protocol, hostname, port, pathname } = new URL(url);
  const request = new HttpRequest({
    method: "POST",
    protocol,
    hostname,
    ...(port === "" ? {} : { port: Number(port) }),
    path: pathname,
    headers: { "content-length": "1" },
    body: Object.entries(params)
      .map(([name, value]) => `${extendedEncodeURIComponent(name)}=${extendedEncodeURIComponent(value)}`)
      .join("&"),
  });
  const signed = await new SignatureV2({ credentials }).sign(request, { signingDate: new Date(signedAt) });
  const body = String(signed.body);
  expect(signed.headers["content-length"]).toBe(String(Buffer.byteLength(body)));
  const mark = body.indexOf("&Signature=");
  return {
    form: body.slice(0, mark),
    signature: decodeURIComponent(body.slice(mark + "&Signature=".length)),
  };
}

const SCRIPT = join(import.meta.dirname, "botocore_sign.py");

const recorded: Record<string, Signed> = vectors;

describe("a signature of Version 2 is botocore's", () => {
  test.each(Object.entries(CASES))("for %s, as recorded", async (name, it) => {
    expect(await sign(it)).toEqual(recorded[name]);
  });

  test("for a thousand random requests, asked now", async ({ skip }) => {
    const python = botocorePython(skip);
    const cases = [...Object.values(CASES), ...fc.sample(anyCase, 1000)];
    const answer = execFileSync(python, [SCRIPT], {
      input: JSON.stringify(cases),
      maxBuffer: 64 * 1024 * 1024,
    });
    const theirs = JSON.parse(answer.toString()) as Signed[];
    expect(theirs).toHaveLength(cases.length);
    for (const [index, it] of cases.entries())
      expect(await sign(it), JSON.stringify(it)).toEqual(theirs[index]);
  });
});

describe("a request that is signed again", () => {
  const [it] = Object.values(CASES);

  test("carries one signature, the new one", async () => {
    if (it === undefined) throw new Error("there is no case");
    const signer = new SignatureV2({ credentials: () => Promise.resolve(it.credentials) });
    const request = new HttpRequest({ method: "POST", hostname: "h", path: "/", body: "Action=Select" });
    const first = await signer.sign(request, { signingDate: new Date(0) });
    const second = await signer.sign(request, { signingDate: new Date(60_000) });
    expect(request.body).toBe("Action=Select");
    for (const { body } of [first, second]) {
      expect(String(body).match(/(^|&)Signature=/g)).toHaveLength(1);
      expect(String(body).match(/(^|&)Timestamp=/g)).toHaveLength(1);
    }
    expect(first.body).not.toBe(second.body);
  });
});
