import { errorCode, raw, type RawAnswer, type RawRequest } from "../unit/cloud-local/raw.ts";
import type { CloudProcess } from "./cloud-process.ts";

/** Thrown when the cloud says what it must never say, whatever the model thinks. */
export class Contradiction extends Error {}

/** A signed request by the cloud's clock. Throws what the socket says when the cloud dies meanwhile. */
export async function ask(cloud: CloudProcess, wanted: RawRequest): Promise<RawAnswer> {
  const { agent, ...address } = cloud.address;
  const answer = await raw(address, { ...wanted, at: cloud.now, agent });
  if (answer.status < 500) return answer;
  throw new Contradiction(`${wanted.method} ${wanted.target}: ${answer.status} ${answer.body}`);
}

/** How a request was refused. */
export const refusalOf = (answer: RawAnswer) => ({ kind: "refused" as const, code: errorCode(answer) ?? "" });

/** One SQS call. */
export function sqs(cloud: CloudProcess, action: string, input: object): Promise<RawAnswer> {
  return ask(cloud, {
    method: "POST",
    target: "/",
    service: "sqs",
    headers: { "x-amz-target": `AmazonSQS.${action}`, "content-type": "application/x-amz-json-1.0" },
    body: JSON.stringify(input),
  });
}
