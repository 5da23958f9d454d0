import { DroverError, codeOf, reasonOf } from "../base/errors.ts";

/** The HTTP status in an SDK error, if the cloud answered at all. */
function statusOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("$metadata" in error)) return undefined;
  return (error.$metadata as { httpStatusCode?: number }).httpStatusCode;
}

/** True when asking again cannot help: a refusal, not a failure. */
export function isPermanent(error: unknown): boolean {
  if (error instanceof DroverError) return error.code !== "cloud-unreachable";
  if (error instanceof Error && error.name === "CredentialsProviderError") return true;
  const status = statusOf(error);
  // 408 and 429 are the cloud's ways of saying: later.
  return status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/** Any error as one that says what to do. Errors of Drover itself are left as they are. */
export function explained(error: unknown): DroverError {
  if (error instanceof DroverError) return error;
  const reason = reasonOf(error).replace(/\.$/, "");
  const name = error instanceof Error ? error.name : "";
  if (name === "CredentialsProviderError") {
    return new DroverError(
      "cloud-credentials",
      `${reason}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.`,
    );
  }
  const status = statusOf(error);
  if (status === 401 || status === 403) {
    return new DroverError(
      "cloud-refused",
      `The cloud refused: ${reason} (${name}). Check the credentials and their policy.`,
    );
  }
  if (name === "NoSuchBucket") {
    return new DroverError(
      "bucket-missing",
      `${reason}. Create the fleet's queues and bucket with: drover setup`,
    );
  }
  if (status !== undefined || NETWORK.has(codeOf(error) ?? "") || name === "TimeoutError") {
    return new DroverError(
      "cloud-unreachable",
      `The cloud did not do it: ${reason || codeOf(error) || name}. Check AWS_ENDPOINT_URL, AWS_REGION and the network.`,
    );
  }
  const code = codeOf(error);
  if (!code?.startsWith("E")) return new DroverError("internal", `${reason}.`);
  return new DroverError("file-trouble", `${fileTrouble(code, error) ?? reason}.`);
}

const FILE_TROUBLES: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  EACCES: "may not be read or written by this user",
  EISDIR: "is a folder, not a file",
};

function fileTrouble(code: string, error: unknown): string | undefined {
  const trouble = FILE_TROUBLES[code];
  if (trouble === undefined || !(error instanceof Error) || !("path" in error)) return undefined;
  return `${String(error.path)} ${trouble}`;
}

const NETWORK: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EPIPE",
]);
