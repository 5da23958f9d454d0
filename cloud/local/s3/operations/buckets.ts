import { AwsError } from "../../aws-error.ts";
import { parameter } from "../../http/head.ts";
import { createBucket as create, deleteBucket as remove, requireBucket } from "../buckets.ts";
import { field, isoTime, OWNER, readNumber, respondEmpty, respondXml, type S3Operation } from "../call.ts";
import { listOf, parseXml, readText, textOf } from "../xml-body.ts";

const MAX_BUCKETS = 10_000;

export const createBucket: S3Operation = async (call) => {
  const { state, bucket } = call;
  if (field(call, "x-amz-bucket-object-lock-enabled")?.toLowerCase() === "true")
    throw new AwsError("NotImplemented", "The embedded cloud does not support object lock.");
  const text = await readText(call);
  if (text.trim() !== "") {
    const wanted = parseXml(text, "CreateBucketConfiguration");
    const location = textOf(wanted, "LocationConstraint");
    if (location !== undefined && location !== "" && location !== state.region) {
      throw new AwsError(
        "IllegalLocationConstraintException",
        `The ${location} location constraint is incompatible for the region specific endpoint this request was sent to.`,
      );
    }
    if (listOf(wanted, "Bucket").length > 0)
      throw new AwsError("NotImplemented", "The embedded cloud has no directory buckets.");
  }
  await state.group.run(() => create(state, bucket));
  respondEmpty(call, 200, { location: `/${bucket}` });
};

export const headBucket: S3Operation = async (call) => {
  const { state, bucket } = call;
  await state.group.run(() => requireBucket(state, bucket));
  respondEmpty(call, 200, { "x-amz-bucket-region": state.region, "content-type": "application/xml" });
};

export const deleteBucket: S3Operation = async (call) => {
  const { state, bucket } = call;
  await state.bodies.discard(await state.group.run(() => remove(state, bucket)));
  respondEmpty(call, 204);
};

export const listBuckets: S3Operation = async (call) => {
  const { state, exchange } = call;
  const max = readNumber(call, "max-buckets", MAX_BUCKETS, MAX_BUCKETS);
  const prefix = parameter(exchange.head, "prefix") ?? "";
  const after = Buffer.from(parameter(exchange.head, "continuation-token") ?? "", "base64url").toString();
  const all = await state.group.run(() => state.buckets.all());
  const left = all.filter(({ name }) => name.startsWith(prefix) && name > after);
  const page = left.slice(0, max);
  respondXml(call, "ListAllMyBucketsResult", {
    Owner: OWNER,
    Buckets: {
      Bucket: page.map(({ name, created_ms }) => ({
        Name: name,
        CreationDate: isoTime(created_ms),
        BucketRegion: state.region,
      })),
    },
    Prefix: parameter(exchange.head, "prefix"),
    ContinuationToken:
      left.length > page.length ? Buffer.from(page.at(-1)?.name ?? "").toString("base64url") : undefined,
  });
};
