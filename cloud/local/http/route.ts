import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../../base/clock.ts";
import { answerEc2Control, EC2_CONTROL_PATH } from "../ec2/control.ts";
import { answerEc2, isEc2 } from "../ec2/protocol.ts";
import type { Ec2 } from "../ec2/service.ts";
import { IDENTITY_PATH } from "../folder.ts";
import { maxDelayMs, type Faults } from "../nasty/faults.ts";
import { answerS3 } from "../s3/protocol.ts";
import type { S3State } from "../s3/state.ts";
import { answerSimpleDb, isSimpleDb } from "../simpledb/protocol.ts";
import type { SimpleDbState } from "../simpledb/state.ts";
import type { Verifier } from "../signature/verify.ts";
import { answerSqs, isSqs } from "../sqs/protocol.ts";
import type { SqsState } from "../sqs/state.ts";
import type { Conversation } from "./conversation.ts";
import { dateHeader } from "./date.ts";
import { Exchange } from "./exchange.ts";
import { readHead, type RequestHead } from "./head.ts";

export interface Services {
  sqs: SqsState;
  s3: S3State;
  simpleDb: SimpleDbState;
  ec2: Ec2;
  verifier: Verifier;
  /** Of the cloud's own credentials alone. */
  owner: Verifier;
  clock: Clock;
  /** The folder the cloud runs on. */
  dir: string;
  report: (error: unknown) => void;
  faults: Faults;
}

/** All services share one port: a request says by its target or its credential scope which one it is for. */
export async function route(
  services: Services,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // By our own clock, from which clients correct theirs.
  response.setHeader("date", dateHeader(services.clock.now()));
  request.on("error", () => response.destroy()); // an upload that breaks off; its reader sees the error too
  let head: RequestHead;
  try {
    head = readHead(request);
  } catch {
    response.writeHead(400).end("The query is not valid percent-encoded UTF-8.\n");
    return;
  }
  if (head.rawPath === IDENTITY_PATH) {
    respondIdentity(services, new Exchange(request, response, head));
    return;
  }
  const { faults, clock } = services;
  const exchange = new Exchange(request, response, head, faults);
  if (faults.strikes("delay")) await clock.sleep(faults.pick("delay", maxDelayMs));
  if (isSqs(head)) {
    await answerSqs(services.sqs, services.verifier, exchange);
  } else if (isSimpleDb(head)) {
    await answerSimpleDb(services.simpleDb, services.verifier, exchange);
  } else if (head.rawPath === EC2_CONTROL_PATH) {
    await answerEc2Control(services.ec2.control, services.owner, new Exchange(request, response, head));
  } else if (isEc2(head)) {
    await answerEc2(services.ec2.state, services.verifier, exchange);
  } else {
    await answerS3(services.s3, services.verifier, exchange);
  }
}

/** Of the requests that come straight from the socket: only SQS has them. */
export async function routeDirect(services: Services, conversation: Conversation): Promise<void> {
  const { faults, clock, sqs, verifier } = services;
  if (faults.strikes("delay")) await clock.sleep(faults.pick("delay", maxDelayMs));
  await answerSqs(sqs, verifier, conversation);
}

/** Says which folder this cloud runs on, and what has gone wrong on purpose so far. */
function respondIdentity({ dir, faults }: Services, exchange: Exchange): void {
  const text = JSON.stringify({ dir, faults: faults.counts() });
  exchange.respond(200, { "content-type": "application/json" }, text);
}
