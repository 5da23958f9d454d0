import { AwsError } from "../aws-error.ts";
import { parameter, type RequestHead } from "../http/head.ts";
import type { Address } from "./address.ts";
import type { S3Operation } from "./call.ts";
import { createBucket, deleteBucket, headBucket, listBuckets } from "./operations/buckets.ts";
import { completeMultipartUpload } from "./operations/complete-multipart-upload.ts";
import { copyObject } from "./operations/copy-object.ts";
import { createMultipartUpload } from "./operations/create-multipart-upload.ts";
import { deleteObject, deleteObjects } from "./operations/delete-object.ts";
import { getObject, headObject } from "./operations/get-object.ts";
import { listObjects, listObjectsV2 } from "./operations/list-objects.ts";
import { abortMultipartUpload, listMultipartUploads, listParts } from "./operations/multipart-uploads.ts";
import { getNotification, putNotification } from "./operations/notification.ts";
import { getObjectAttributes } from "./operations/object-attributes.ts";
import { putObject } from "./operations/put-object.ts";
import { bucketSettings, getObjectAcl, getObjectTagging } from "./operations/settings.ts";
import { uploadPart, uploadPartCopy } from "./operations/upload-part.ts";

/** Query parameters that turn a request into another operation, or point it at something we do not keep. */
const subresources = new Set(
  (
    "accelerate acl analytics attributes cors delete encryption intelligent-tiering inventory legal-hold lifecycle " +
    "location logging metadataTable metrics notification object-lock ownershipControls policy policyStatus " +
    "publicAccessBlock renameObject replication requestPayment restore retention select session tagging torrent " +
    "uploadId uploads versions versioning website"
  ).split(" "),
);

const onBucket: Record<string, S3Operation> = {
  PUT: createBucket,
  HEAD: headBucket,
  DELETE: deleteBucket,
  GET: listObjects,
  "POST delete": deleteObjects,
  "GET uploads": listMultipartUploads,
  "GET notification": getNotification,
  "PUT notification": putNotification,
  ...Object.fromEntries(Object.entries(bucketSettings).map(([name, answer]) => [`GET ${name}`, answer])),
};

const onObject: Record<string, S3Operation> = {
  PUT: putObject,
  GET: getObject,
  HEAD: headObject,
  DELETE: deleteObject,
  "GET acl": getObjectAcl,
  "GET tagging": getObjectTagging,
  "GET attributes": getObjectAttributes,
  "POST uploads": createMultipartUpload,
  "PUT uploadId": uploadPart,
  "POST uploadId": completeMultipartUpload,
  "GET uploadId": listParts,
  "DELETE uploadId": abortMultipartUpload,
};

/** Writes that take their bytes from an object that is there. */
const copies: Record<string, S3Operation> = { PUT: copyObject, "PUT uploadId": uploadPartCopy };

/** The operation a request asks for. Throws AwsError `MethodNotAllowed`, `NotImplemented`, `InvalidArgument`. */
export function operationFor(head: RequestHead, address: Address): S3Operation {
  const asked = head.query.flatMap(([name]) => (subresources.has(name) ? [name] : []));
  const name = [head.method, ...asked].join(" ");
  const found = find(head, address, name);
  if (found === undefined) throw unknown(head.method, name, address);
  const version = parameter(head, "versionId");
  // Objects without versions have the version "null".
  if (version !== undefined && version !== "null") {
    throw new AwsError("InvalidArgument", "Invalid version id specified", {
      ArgumentName: "versionId",
      ArgumentValue: version,
    });
  }
  return found;
}

function find(head: RequestHead, { bucket, key }: Address, name: string): S3Operation | undefined {
  if (bucket === undefined) return name === "GET" ? listBuckets : undefined;
  if (key.byteLength > 0) {
    const copied = copies[name];
    const isCopy = copied !== undefined && sourceOf(head) !== undefined;
    return isCopy ? copied : onObject[name];
  }
  if (name !== "GET") return onBucket[name];
  return parameter(head, "list-type") === "2" ? listObjectsV2 : listObjects;
}

const sourceOf = (head: RequestHead) =>
  head.headers.get("x-amz-copy-source") ??
  (head.query.length === 0 ? undefined : parameter(head, "x-amz-copy-source"));

/** What AWS has and we have not, such as settings and browsers' forms, or what AWS does not have either. */
function unknown(method: string, name: string, { bucket, key }: Address): AwsError {
  const resource = bucket === undefined ? "SERVICE" : key.byteLength === 0 ? "BUCKET" : "OBJECT";
  const asked = ["GET", "HEAD", "PUT", "POST", "DELETE"].includes(method) && name !== method;
  if (asked || (method === "POST" && resource === "BUCKET"))
    return new AwsError("NotImplemented", `The embedded cloud does not support '${name}' here.`);
  return new AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.", {
    Method: method,
    ResourceType: resource,
  });
}
