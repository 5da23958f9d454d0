import { execFileSync } from "node:child_process";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { botocorePython } from "../support/botocore.ts";
import { makeInstallation } from "../support/installation.ts";

/** Signs the same request again with botocore: an implementation that shares nothing with curl's or ours. */
const SIGN_AGAIN = `
import json, sys, datetime
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
import botocore.auth
seen = json.load(sys.stdin)
stamp = datetime.datetime.strptime(seen["headers"]["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
class Then(datetime.datetime):
    @classmethod
    def utcnow(cls): return stamp.replace(tzinfo=None)
    @classmethod
    def now(cls, tz=None): return stamp
botocore.auth.datetime = type("m", (), {"datetime": Then, "timezone": datetime.timezone})
if hasattr(botocore.auth, "get_current_datetime"):
    botocore.auth.get_current_datetime = lambda remove_tzinfo=True: stamp.replace(tzinfo=None)
signed = seen["headers"]["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
given = {k: v for k, v in seen["headers"].items() if k in signed and k not in ("x-amz-date", "x-amz-security-token")}
request = AWSRequest(method=seen["method"], url=seen["url"], headers=given, data=seen["body"].encode())
S3SigV4Auth(Credentials(seen["keyId"], seen["secret"], seen["token"]), "s3", "eu-west-1").add_auth(request)
print(request.headers["Authorization"])
`;

const signature = (text = "") => /Signature=([0-9a-f]{64})/.exec(text)?.[1];

interface Seen {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

describe("requests of boot.sh", () => {
  test("carry the signature that botocore gives them, session token included", async ({
    skip,
    onTestFinished,
  }) => {
    const python = botocorePython(skip);
    const machine = await makeInstallation();
    onTestFinished(() => machine.close());
    const seen: Seen[] = [];
    const server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => void (body += text));
      request.on("end", () => {
        const { method = "", url = "", headers } = request;
        seen.push({ method, url: `http://${headers.host}${url}`, headers, body });
        response.writeHead(method === "PUT" ? 200 : 404).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
    const keys = { keyId: "AKIDEXAMPLE", secret: "a/b+c=dEXAMPLE", token: "tok/en+with==" };
    await machine.boot({
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      AWS_ACCESS_KEY_ID: keys.keyId,
      AWS_SECRET_ACCESS_KEY: keys.secret,
      AWS_SESSION_TOKEN: keys.token,
      AWS_REGION: "eu-west-1",
    });
    expect(seen.map((it) => it.method)).toEqual(["GET", "PUT"]);
    for (const request of seen) {
      expect(request.headers["x-amz-security-token"]).toBe(keys.token);
      const again = execFileSync(python, ["-c", SIGN_AGAIN], {
        input: JSON.stringify({ ...request, ...keys }),
        encoding: "utf8",
      });
      expect(signature(request.headers.authorization)).toBe(signature(again));
      expect(signature(again)).toBeDefined();
    }
  });
});
