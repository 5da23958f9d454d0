import { AwsError } from "../../aws-error.ts";
import { readXml } from "../body.ts";
import { createBucket as create, deleteBucket as remove, requireBucket } from "../buckets.ts";
import { isoTime, respondEmpty, respondXml, type S3Operation } from "../call.ts";

export const createBucket: S3Operation = async (call) => {
  const { state, bucket } = call;
  const location = /<LocationConstraint>([^<]*)</.exec(await readXml(call))?.[1];
  if (location !== undefined && location !== state.region) {
    throw new AwsError(
      "IllegalLocationConstraintException",
      `The ${location} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    );
  }
  await state.group.run(() => create(state, bucket));
  respondEmpty(call, 200, { location: `/${bucket}` });
};

export const headBucket: S3Operation = async (call) => {
  const { state, bucket } = call;
  await state.group.run(() => requireBucket(state, bucket));
  respondEmpty(call, 200, { "x-amz-bucket-region": state.region });
};

export const deleteBucket: S3Operation = async (call) => {
  const { state, bucket } = call;
  await state.group.run(() => remove(state, bucket));
  respondEmpty(call, 204);
};

export const listBuckets: S3Operation = async (call) => {
  const buckets = await call.state.group.run(() => call.state.objects.buckets());
  respondXml(call, "ListAllMyBucketsResult", {
    Owner: { ID: "embedded-cloud" },
    Buckets: {
      Bucket: buckets.map(({ name, created_ms }) => ({ Name: name, CreationDate: isoTime(created_ms) })),
    },
  });
};
