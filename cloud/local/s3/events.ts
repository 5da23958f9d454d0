import type { BucketRow } from "./bucket-table.ts";
import { OWNER, type S3Call } from "./call.ts";
import { matches, readRules } from "./notification-rules.ts";
import { HOST_ID } from "./protocol-constants.ts";
import { urlEncodeKey } from "./url-encode.ts";

export interface EventObject {
  key: Uint8Array;
  /** Size and ETag of an object that was created. */
  bytes?: number;
  etag?: string;
}

/**
 * Tells the queues that asked for it of an effect, in the effect's own transaction: neither can be without the
 * other. The message is the one that the user guide describes ("Event message structure").
 */
export function announce(call: S3Call, bucket: BucketRow, eventName: string, object: EventObject): void {
  if (bucket.notifications === null) return;
  const key = Buffer.from(object.key).toString();
  for (const rule of readRules(bucket.notifications)) {
    if (!matches(rule, eventName, key)) continue;
    const record = { ...describe(call, eventName), s3: subject(call, bucket, rule.id, key, object) };
    call.state.events.send(rule.queue, JSON.stringify({ Records: [record] }));
  }
}

/** What S3 sends when a queue is named in a configuration. */
export function announceTest(call: S3Call, queue: string): void {
  call.state.events.send(
    queue,
    JSON.stringify({
      Service: "Amazon S3",
      Event: "s3:TestEvent",
      Time: new Date(call.state.clock.now()).toISOString(),
      Bucket: call.bucket,
      RequestId: call.exchange.requestId,
      HostId: HOST_ID,
    }),
  );
}

function describe({ state, exchange, accessKeyId }: S3Call, eventName: string) {
  return {
    eventVersion: "2.1",
    eventSource: "aws:s3",
    awsRegion: state.region,
    eventTime: new Date(state.clock.now()).toISOString(),
    eventName,
    userIdentity: { principalId: accessKeyId },
    requestParameters: { sourceIPAddress: exchange.request.socket.remoteAddress ?? "127.0.0.1" },
    responseElements: { "x-amz-request-id": exchange.requestId, "x-amz-id-2": HOST_ID },
  };
}

function subject({ state }: S3Call, bucket: BucketRow, id: string, key: string, object: EventObject) {
  return {
    s3SchemaVersion: "1.0",
    configurationId: id,
    bucket: {
      name: bucket.name,
      ownerIdentity: { principalId: OWNER.ID },
      arn: `arn:aws:s3:::${bucket.name}`,
    },
    object: {
      key: urlEncodeKey(key),
      ...(object.bytes === undefined ? {} : { size: object.bytes, eTag: object.etag }),
      // Hexadecimal of one length, so that comparing texts compares numbers.
      sequencer: state.buckets.nextSequence().toString(16).toUpperCase().padStart(18, "0"),
    },
  };
}
