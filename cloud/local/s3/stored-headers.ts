import { AwsError } from "../aws-error.ts";
import { field, type S3Call } from "./call.ts";
import { presentable } from "./metadata-text.ts";

/** Headers that are kept with an object and given back with it. */
const kept = ["cache-control", "content-disposition", "content-language", "content-type", "expires"];
const META = "x-amz-meta-";
/** Names and values of all user metadata together. */
const MAX_METADATA_BYTES = 2048;
const DEFAULT_TYPE = "binary/octet-stream";

/** Headers that would change what a request does in ways this cloud cannot do. */
const refused =
  /^x-amz-(server-side-encryption-|tagging$|object-lock|grant-|website-redirect|write-offset|copy-source-server-side)/;

/** All are accepted, and none makes a difference (API reference, PutObject). */
const storageClasses = new Set(
  "STANDARD REDUCED_REDUNDANCY STANDARD_IA ONEZONE_IA INTELLIGENT_TIERING GLACIER DEEP_ARCHIVE GLACIER_IR EXPRESS_ONEZONE OUTPOSTS SNOW FSX_OPENZFS FSX_ONTAP".split(
    " ",
  ),
);

/** Throws AwsError `NotImplemented` for what would be half done, `InvalidStorageClass` for a class that is none. */
export function refuseUnsupported(call: S3Call): void {
  const { headers, query } = call.exchange.head;
  const names = query.length === 0 ? headers.keys() : [...headers.keys(), ...query.map(lowerName)];
  for (const name of names) {
    if (refused.test(name)) throw notImplemented(name);
  }
  // Every object on S3 is encrypted with S3's own key; who asks for that asks for nothing.
  const encryption = field(call, "x-amz-server-side-encryption");
  if (encryption !== undefined && encryption !== "AES256")
    throw notImplemented("x-amz-server-side-encryption");
  const storageClass = field(call, "x-amz-storage-class");
  if (storageClass !== undefined && !storageClasses.has(storageClass)) {
    throw new AwsError("InvalidStorageClass", "The storage class you specified is not valid", {
      StorageClassRequested: storageClass,
    });
  }
}

const lowerName = ([name]: readonly [string, string]) => name.toLowerCase();

const notImplemented = (name: string) =>
  new AwsError("NotImplemented", `The embedded cloud does not support ${name}.`, { Header: name });

/** What to keep of a request's headers. Throws AwsError `MetadataTooLarge`, and as `refuseUnsupported`. */
export function headersToStore(call: S3Call): Record<string, string> {
  refuseUnsupported(call);
  const { headers } = call.exchange.head;
  const stored: Record<string, string> = { "content-type": DEFAULT_TYPE };
  for (const name of kept) {
    const value = headers.get(name);
    if (value !== undefined && value !== "") stored[name] = value;
  }
  const encoding = (headers.get("content-encoding") ?? "")
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "" && one !== "aws-chunked");
  if (encoding.length > 0) stored["content-encoding"] = encoding.join(",");
  return { ...stored, ...metadataOf(call) };
}

function metadataOf(call: S3Call): Record<string, string> {
  const { headers, query } = call.exchange.head;
  const metadata: Record<string, string> = {};
  let bytes = 0;
  for (const [name, value] of [...query, ...headers]) {
    if (!name.startsWith(META)) continue;
    metadata[name] = presentable(value);
    bytes += name.length - META.length + Buffer.byteLength(value);
  }
  if (bytes <= MAX_METADATA_BYTES) return metadata;
  throw new AwsError("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size", {
    Size: String(bytes),
    MaxSizeAllowed: String(MAX_METADATA_BYTES),
  });
}
