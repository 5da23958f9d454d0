import type { JobRequest } from "../schemas/request.ts";
import type { JobResponse } from "../schemas/response.ts";
import { checkJob } from "./check.ts";
import type { ClientPorts } from "./ports.ts";
import type { Submission } from "./reference.ts";
import { submitJob } from "./submit.ts";
import { DEFAULT_WAIT_MS, waitForResult } from "./wait.ts";
import type { WaitOptions } from "./wait.ts";

/** Drover's client, for programs. Safe to use for many jobs at once. */
export interface Client {
  /**
   * Validates the request as the fleet would and sends it.
   * @throws RefusedRequest when it is at fault (nothing was sent), DroverError or the cloud's error otherwise
   */
  submit(request: JobRequest): Promise<Submission>;
  /**
   * Resolves to the response of a job that was submitted, by this client or another, however it ended: look at
   * its `status`. @throws DroverError `wait-timeout`
   */
  wait(messageId: string, options?: Partial<WaitOptions>): Promise<JobResponse>;
  submitAndWait(request: JobRequest, options?: Partial<WaitOptions>): Promise<JobResponse>;
  /** Frees the connections. */
  close(): void;
}

/** A client over any cloud: tests hand in ports of their own. See connect() for AWS and the embedded cloud. */
export function createClient(ports: ClientPorts & { close?: () => void }): Client {
  const submit = async (request: JobRequest) => submitJob(ports, checkJob(request));
  const wait = (messageId: string, options: Partial<WaitOptions> = {}) =>
    waitForResult(ports, messageId, { timeoutMs: DEFAULT_WAIT_MS, ...options });
  return {
    submit,
    wait,
    submitAndWait: async (request, options) => await wait((await submit(request)).messageId, options),
    close: () => ports.close?.(),
  };
}
