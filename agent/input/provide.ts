import type { Failure } from "../../jobs/failure.ts";
import type { JobInput } from "../../schemas/request.ts";
import type { ServiceManifest } from "../../schemas/service.ts";
import type { AgentContext } from "../context.ts";
import { UnknownSecret } from "../result/secrets.ts";
import { fetchInput } from "./fetch.ts";
import { InputFailure } from "./input.ts";

/** Brings the input to `path`; resolves to the failure when it cannot be had. Throws the signal's reason. */
export async function provideInput(
  context: AgentContext,
  input: JobInput,
  limits: ServiceManifest["input"],
  path: string,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  try {
    const basicAuth = input.type === "http" ? context.secrets.basicAuth(input.credentials) : undefined;
    await fetchInput(context, { ...input, basicAuth }, limits, path, signal);
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof InputFailure) return error.failure;
    if (error instanceof UnknownSecret) return { code: "secret-unknown", message: error.message };
    throw error;
  }
}
