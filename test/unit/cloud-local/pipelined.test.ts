import { connect } from "node:net";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { expect, test } from "vitest";
import { testCloud } from "./cloud.ts";

test("a request that comes before the last answer is out is answered, refusals included", async () => {
  const { s3, endpoint } = await testCloud({ provision: { buckets: ["results"] } });
  await s3.send(new PutObjectCommand({ Bucket: "results", Key: "large", Body: "L".repeat(5_000_000) }));
  const get = async (Key: string, last: boolean) => {
    const url = new URL(await getSignedUrl(s3, new GetObjectCommand({ Bucket: "results", Key })));
    const connection = last ? "connection: close\r\n" : "";
    return `GET ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n${connection}\r\n`;
  };
  const requests = [await get("large", false), await get("missing", false), await get("large", true)];
  const socket = connect({ host: "127.0.0.1", port: Number(new URL(endpoint).port) });
  socket.write(requests.join(""));
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  expect(answer.match(/HTTP\/1\.1 (\d+)/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 404", "HTTP/1.1 200"]);
});
