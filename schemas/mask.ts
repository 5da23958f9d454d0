import type { Credentials, JobRequest } from "./request.ts";

const MASK = "***";

/**
 * The document with its passwords and webhook secrets replaced by `***`, for showing to people. Works on any text,
 * broken documents included: where a quote is never closed, everything after it is hidden.
 */
export function maskSecrets(xml: string): string {
  return xml.replaceAll(
    /\b(password|secret)(\s*=\s*)(?:"[^"]*(?:"|$)|'[^']*(?:'|$))/g,
    (_all, name: string, equals: string) => `${name}${equals}"${MASK}"`,
  );
}

/** The request with its passwords and webhook secrets replaced by `***`, for logs and error reports. */
export function maskRequest(request: JobRequest): JobRequest {
  const { input, output } = request;
  return {
    ...request,
    ...(input?.type === "http" && input.credentials !== undefined
      ? { input: { ...input, credentials: maskCredentials(input.credentials) } }
      : {}),
    output: maskOutput(output),
  };
}

function maskOutput(output: JobRequest["output"]): JobRequest["output"] {
  if (output.type !== "callback") return output;
  const { credentials, signature } = output;
  return {
    ...output,
    ...(credentials === undefined ? {} : { credentials: maskCredentials(credentials) }),
    ...(signature !== undefined && "secret" in signature ? { signature: { secret: MASK } } : {}),
  };
}

function maskCredentials(credentials: Credentials): Credentials {
  return "password" in credentials ? { ...credentials, password: MASK } : credentials;
}
