import { AwsError } from "../../aws-error.ts";
import { requireBucket } from "../buckets.ts";
import { noSuchKey, OWNER, respondDocument, respondXml, type S3Call, type S3Operation } from "../call.ts";
import { xmlDocument, type XmlFields } from "../xml.ts";

/**
 * What a bucket and an object answer that nobody has configured, as those on AWS do. Their settings cannot be
 * changed here, except notifications.
 */
type Answer = (call: S3Call) => void;

const empty =
  (root: string, fields: XmlFields = {}): Answer =>
  (call) =>
    respondXml(call, root, fields);

const missing =
  (code: string, message: string): Answer =>
  (call) => {
    throw new AwsError(code, message, { BucketName: call.bucket });
  };

const noPolicy = missing("NoSuchBucketPolicy", "The bucket policy does not exist");

/** The owner may do everything, nobody else anything. */
const acl: Answer = (call) => {
  const grantee = `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>${OWNER.ID}</ID></Grantee>`;
  const document = xmlDocument("AccessControlPolicy", {
    Owner: OWNER,
    AccessControlList: { Grant: { Permission: "FULL_CONTROL" } },
  });
  respondDocument(call, document.replace("<Grant>", `<Grant>${grantee}`));
};

const bucketAnswers: Record<string, Answer> = {
  accelerate: empty("AccelerateConfiguration"),
  acl,
  cors: missing("NoSuchCORSConfiguration", "The CORS configuration does not exist"),
  encryption: empty("ServerSideEncryptionConfiguration", {
    Rule: {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" },
      BucketKeyEnabled: false,
    },
  }),
  lifecycle: missing("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
  logging: empty("BucketLoggingStatus"),
  "object-lock": missing(
    "ObjectLockConfigurationNotFoundError",
    "Object Lock configuration does not exist for this bucket",
  ),
  ownershipControls: empty("OwnershipControls", { Rule: { ObjectOwnership: "BucketOwnerEnforced" } }),
  policy: noPolicy,
  policyStatus: noPolicy,
  publicAccessBlock: empty("PublicAccessBlockConfiguration", {
    BlockPublicAcls: true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  }),
  replication: missing(
    "ReplicationConfigurationNotFoundError",
    "The replication configuration was not found",
  ),
  requestPayment: empty("RequestPaymentConfiguration", { Payer: "BucketOwner" }),
  tagging: missing("NoSuchTagSet", "The TagSet does not exist"),
  versioning: empty("VersioningConfiguration"),
  website: missing(
    "NoSuchWebsiteConfiguration",
    "The specified bucket does not have a website configuration",
  ),
};

/** us-east-1 answers with an empty element. */
const location: Answer = (call) =>
  respondDocument(
    call,
    call.state.region === "us-east-1"
      ? xmlDocument("LocationConstraint", {})
      : xmlDocument("LocationConstraint", {}).replace("></", `>${call.state.region}</`),
  );

/** `GET /bucket?NAME` of every setting. */
export const bucketSettings: Record<string, S3Operation> = Object.fromEntries(
  Object.entries({ ...bucketAnswers, location }).map(([name, answer]) => [name, ofBucket(answer)]),
);

function ofBucket(answer: Answer): S3Operation {
  return async (call) => {
    await call.state.group.run(() => requireBucket(call.state, call.bucket));
    answer(call);
  };
}

export const getObjectAcl: S3Operation = ofObject(acl);
/** No object has tags, since none can be given. */
export const getObjectTagging: S3Operation = ofObject(empty("Tagging", { TagSet: {} }));

function ofObject(answer: Answer): S3Operation {
  return async (call) => {
    const { state, bucket, key } = call;
    await state.group.run(() => {
      requireBucket(state, bucket);
      if (state.objects.find(bucket, key) === undefined) throw noSuchKey(call);
    });
    answer(call);
  };
}
