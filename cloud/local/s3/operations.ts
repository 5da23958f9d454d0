import { AwsError } from "../aws-error.ts";
import { parameter, type RequestHead } from "../http/head.ts";
import type { Address } from "./address.ts";
import type { S3Operation } from "./call.ts";
import { createBucket, deleteBucket, headBucket, listBuckets } from "./operations/buckets.ts";
import { deleteObject, deleteObjects } from "./operations/delete-object.ts";
import { getObject, headObject } from "./operations/get-object.ts";
import { listObjectsV2 } from "./operations/list-objects-v2.ts";
import { putObject } from "./operations/put-object.ts";

/** Query parameters that turn a request into another operation, or point it at something we do not keep. */
const subresources = new Set(
  (
    "accelerate acl analytics attributes cors delete encryption intelligent-tiering inventory legal-hold lifecycle " +
    "location logging metrics notification object-lock ownershipControls partNumber policy policyStatus " +
    "publicAccessBlock replication requestPayment restore retention select session tagging torrent uploadId uploads " +
    "versionId versioning versions website"
  ).split(" "),
);

const onBucket: Record<string, S3Operation> = {
  PUT: createBucket,
  HEAD: headBucket,
  DELETE: deleteBucket,
  "POST delete": deleteObjects,
};

const onObject: Record<string, S3Operation> = {
  PUT: putObject,
  GET: getObject,
  HEAD: headObject,
  DELETE: deleteObject,
};

/** The operation a request asks for. Throws AwsError `MethodNotAllowed` or `NotImplemented`. */
export function operationFor(head: RequestHead, address: Address): S3Operation {
  const { method } = head;
  const asked = head.query.flatMap(([name]) => (subresources.has(name) ? [name] : []));
  const name = [method, ...asked].join(" ");
  let found: S3Operation | undefined;
  if (address.bucket === undefined) found = name === "GET" ? listBuckets : undefined;
  else if (address.key.byteLength > 0) found = onObject[name];
  else if (name === "GET" && parameter(head, "list-type") === "2") found = listObjectsV2;
  else found = onBucket[name];
  if (found !== undefined) return found;
  if (!["GET", "HEAD", "PUT", "POST", "DELETE"].includes(method)) {
    throw new AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.", {
      Method: method,
    });
  }
  throw new AwsError("NotImplemented", `The embedded cloud does not support '${name}' here.`);
}
