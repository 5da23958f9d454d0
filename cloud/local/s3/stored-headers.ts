import { AwsError } from "../aws-error.ts";
import { field, type S3Call } from "./call.ts";

/** Headers that are kept with an object and given back with it. */
const kept = ["cache-control", "content-disposition", "content-language", "content-type", "expires"];
const META = "x-amz-meta-";
/** Names and values of all user metadata together. */
const MAX_METADATA_BYTES = 2048;
const DEFAULT_TYPE = "binary/octet-stream";

/** Headers that would change what a PUT does in ways this cloud cannot do. */
const refused =
  /^x-amz-(copy-source|server-side-encryption|tagging|object-lock|grant-|website-redirect|write-offset)/;

/** What to keep of a PUT's headers. Throws AwsError `MetadataTooLarge` or `NotImplemented`. */
export function headersToStore(call: S3Call): Record<string, string> {
  const { headers, query } = call.exchange.head;
  for (const name of [...headers.keys(), ...query.map(([key]) => key.toLowerCase())]) {
    if (refused.test(name)) {
      throw new AwsError("NotImplemented", `The embedded cloud does not support ${name}.`, { Header: name });
    }
  }
  const stored: Record<string, string> = { "content-type": DEFAULT_TYPE };
  for (const name of kept) {
    const value = field(call, name);
    if (value !== undefined && value !== "") stored[name] = value;
  }
  const encoding = (headers.get("content-encoding") ?? "")
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "" && one !== "aws-chunked");
  if (encoding.length > 0) stored["content-encoding"] = encoding.join(",");
  const metadata = [...query, ...headers].filter(([name]) => name.startsWith(META));
  const bytes = metadata.reduce(
    (sum, [name, value]) => sum + name.length - META.length + Buffer.byteLength(value),
    0,
  );
  if (bytes > MAX_METADATA_BYTES) {
    throw new AwsError("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size", {
      Size: String(bytes),
      MaxSizeAllowed: String(MAX_METADATA_BYTES),
    });
  }
  return { ...stored, ...Object.fromEntries(metadata) };
}
