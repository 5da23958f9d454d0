import type { DroverError } from "../base/errors.ts";
import { RefusedRequest } from "./refusal.ts";

/** The exit codes that `submit-job --help` documents. */
export const EXIT = {
  ok: 0,
  unsuccessful: 1,
  usage: 2,
  cloud: 3,
  timeout: 4,
  /** 128 + SIGINT, as shells count. */
  interrupted: 130,
} as const;

const USAGE = /^(flag|batch|config|service|reference-conflict|webhook-secret|file)(-|$)/;

export function exitCodeOf(error: DroverError): number {
  if (error instanceof RefusedRequest || USAGE.test(error.code)) return EXIT.usage;
  if (error.code === "wait-timeout") return EXIT.timeout;
  if (error.code === "interrupted") return EXIT.interrupted;
  return EXIT.cloud;
}
