import assert from "node:assert/strict";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetBucketAclCommand,
  GetBucketCorsCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetBucketRequestPaymentCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetBucketWebsiteCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { refused } from "./assertions.ts";
import { s3Api, s3Guide, type Check } from "./check.ts";

const names = s3Guide("bucketnamingrules");

const badNames: [string, string, string][] = [
  ["uppercase", "have no upper-case letters", "Drover-Conformance"],
  ["short", "are three characters or longer", "ab"],
  ["long", "are 63 characters or shorter", "a".repeat(64)],
  ["underscore", "have no underscores", "drover_conformance"],
  ["dots", "have no two periods side by side", "drover..conformance"],
  ["address", "are not formatted as an IP address", "192.168.5.4"],
  ["hyphen", "end with a letter or number", "drover-conformance-"],
];

export const s3BucketChecks: readonly Check[] = [
  s3Api("API_CreateBucket")("s3-bucket-create", "A bucket can be created, found and listed.", async (w) => {
    const Bucket = await w.makeBucket();
    const { BucketRegion } = await w.s3.send(new HeadBucketCommand({ Bucket }));
    assert.equal(BucketRegion, w.region);
    const { Buckets = [] } = await w.s3.send(new ListBucketsCommand({ Prefix: Bucket }));
    assert.deepEqual(
      Buckets.map((it) => it.Name),
      [Bucket],
    );
  }),
  s3Api("API_CreateBucket")(
    "s3-bucket-again",
    "In us-east-1 one's own bucket can be created again.",
    async (w) => {
      const Bucket = await w.makeBucket();
      const again = w.s3.send(new CreateBucketCommand({ Bucket }));
      if (w.region === "us-east-1") await again;
      else await refused(again, "BucketAlreadyOwnedByYou", 409);
    },
  ),
  ...badNames.map(([id, says, Bucket]) =>
    names(`s3-bucket-name-${id}`, `Bucket names ${says}.`, (w) =>
      refused(w.s3.send(new CreateBucketCommand({ Bucket })), "InvalidBucketName", 400),
    ),
  ),
  s3Api("API_DeleteBucket")(
    "s3-bucket-not-empty",
    "A bucket that holds objects cannot be deleted.",
    async (w) => {
      const Bucket = await w.makeBucket();
      await w.s3.send(new PutObjectCommand({ Bucket, Key: "k", Body: "v" }));
      await refused(w.s3.send(new DeleteBucketCommand({ Bucket })), "BucketNotEmpty", 409);
    },
  ),
  s3Api("API_DeleteBucket")("s3-bucket-delete", "A deleted bucket is gone.", async (w) => {
    const Bucket = await w.makeBucket();
    await w.s3.send(new DeleteBucketCommand({ Bucket }));
    await refused(w.s3.send(new HeadBucketCommand({ Bucket })), "NotFound", 404);
    await refused(w.s3.send(new PutObjectCommand({ Bucket, Key: "k", Body: "v" })), "NoSuchBucket", 404);
  }),
  s3Api("API_GetBucketLocation")(
    "s3-bucket-location",
    "Buckets in us-east-1 have an empty location.",
    async (w) => {
      const { LocationConstraint } = await w.s3.send(new GetBucketLocationCommand({ Bucket: w.bucket }));
      assert.equal(LocationConstraint || "us-east-1", w.region);
    },
  ),
  s3Api("API_GetBucketVersioning")(
    "s3-bucket-versioning",
    "A bucket never versioned has no versioning state.",
    async (w) => {
      const { Status } = await w.s3.send(new GetBucketVersioningCommand({ Bucket: w.bucket }));
      assert.equal(Status, undefined);
    },
  ),
  s3Api("API_GetBucketAcl")(
    "s3-bucket-acl",
    "A new bucket's ACL gives its owner full control.",
    async (w) => {
      const { Owner, Grants = [] } = await w.s3.send(new GetBucketAclCommand({ Bucket: w.bucket }));
      assert.deepEqual(
        Grants.map((it) => [it.Grantee?.ID, it.Grantee?.Type, it.Permission]),
        [[Owner?.ID, "CanonicalUser", "FULL_CONTROL"]],
      );
    },
  ),
  s3Api("API_GetBucketPolicy")(
    "s3-bucket-policy",
    "A bucket without a policy says NoSuchBucketPolicy.",
    (w) => refused(w.s3.send(new GetBucketPolicyCommand({ Bucket: w.bucket })), "NoSuchBucketPolicy", 404),
  ),
  s3Api("API_GetBucketLifecycleConfiguration")(
    "s3-bucket-lifecycle",
    "A bucket without lifecycle rules says NoSuchLifecycleConfiguration.",
    (w) =>
      refused(
        w.s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket: w.bucket })),
        "NoSuchLifecycleConfiguration",
        404,
      ),
  ),
  s3Api("API_GetBucketCors")(
    "s3-bucket-cors",
    "A bucket without CORS rules says NoSuchCORSConfiguration.",
    (w) => refused(w.s3.send(new GetBucketCorsCommand({ Bucket: w.bucket })), "NoSuchCORSConfiguration", 404),
  ),
  s3Api("API_GetBucketTagging")("s3-bucket-tagging", "A bucket without tags says NoSuchTagSet.", (w) =>
    refused(w.s3.send(new GetBucketTaggingCommand({ Bucket: w.bucket })), "NoSuchTagSet", 404),
  ),
  s3Api("API_GetBucketWebsite")(
    "s3-bucket-website",
    "A bucket without a website says NoSuchWebsiteConfiguration.",
    (w) =>
      refused(
        w.s3.send(new GetBucketWebsiteCommand({ Bucket: w.bucket })),
        "NoSuchWebsiteConfiguration",
        404,
      ),
  ),
  s3Api("API_GetObjectLockConfiguration")(
    "s3-bucket-object-lock",
    "A bucket without object lock says ObjectLockConfigurationNotFoundError.",
    (w) =>
      refused(
        w.s3.send(new GetObjectLockConfigurationCommand({ Bucket: w.bucket })),
        "ObjectLockConfigurationNotFoundError",
        404,
      ),
  ),
  s3Guide("default-encryption-faq")(
    "s3-bucket-encryption",
    "Every bucket encrypts with S3's keys by default.",
    async (w) => {
      const { ServerSideEncryptionConfiguration } = await w.s3.send(
        new GetBucketEncryptionCommand({ Bucket: w.bucket }),
      );
      const [rule] = ServerSideEncryptionConfiguration?.Rules ?? [];
      assert.equal(rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm, "AES256");
    },
  ),
  s3Guide("access-control-block-public-access")(
    "s3-bucket-public-access",
    "New buckets block public access.",
    async (w) => {
      const { PublicAccessBlockConfiguration } = await w.s3.send(
        new GetPublicAccessBlockCommand({ Bucket: w.bucket }),
      );
      assert.deepEqual(PublicAccessBlockConfiguration, {
        BlockPublicAcls: true,
        IgnorePublicAcls: true,
        BlockPublicPolicy: true,
        RestrictPublicBuckets: true,
      });
    },
  ),
  s3Api("API_GetBucketRequestPayment")(
    "s3-bucket-payer",
    "The owner pays unless configured otherwise.",
    async (w) => {
      const { Payer } = await w.s3.send(new GetBucketRequestPaymentCommand({ Bucket: w.bucket }));
      assert.equal(Payer, "BucketOwner");
    },
  ),
];
