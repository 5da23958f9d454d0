import type { AwsError } from "../aws-error.ts";
import type { Faults } from "./faults.ts";

/**
 * Refuses a request by chance, before it has had any effect; each service has its own words for it.
 * Throws one of the errors it was given.
 */
export function misbehave(faults: Faults, throttles: readonly AwsError[], failure: AwsError): void {
  if (faults.strikes("throttle")) {
    const refusal = throttles[faults.pick("throttle", throttles.length)];
    if (refusal !== undefined) throw refusal;
  }
  if (faults.strikes("server-error")) throw failure;
}
