import { EC2ServiceException } from "@aws-sdk/client-ec2";
import type { LaunchResult } from "../ports/compute.ts";

type Refusal = LaunchResult["refusals"][number];

/**
 * The pool has nothing more to give now (EC2 API reference, "Error codes for the Amazon EC2 API"). A limit of the
 * account, such as VcpuLimitExceeded or MaxSpotInstanceCountExceeded, is another thing: other pools share it.
 */
const SHORT = new Set([
  "InsufficientCapacity",
  "InsufficientFreeAddressesInSubnet",
  "InsufficientHostCapacity",
  "InsufficientInstanceCapacity",
  "InsufficientReservedInstanceCapacity",
  "SpotMaxPriceTooLow",
  "UnfulfillableCapacity",
]);

export const isShort = (code: string) => SHORT.has(code);

/** Nothing about the launch: who asks may not, or asks too often, or at the wrong time. */
const ABOUT_THE_CALLER =
  /^(?:AuthFailure|Blocked|ExpiredToken|InvalidClientTokenId|MissingAuthenticationToken|OptInRequired|PendingVerification|Request(?:Expired|LimitExceeded)|SignatureDoesNotMatch|Throttling.*|UnauthorizedOperation|UnrecognizedClientException|ClientConfigurationError)/;

/** Whether a whole request that failed so has surely launched nothing, and will not when it is repeated. */
export const isDefinite = (code: string) => !ABOUT_THE_CALLER.test(code) && !UNSURE.test(code);

const UNSURE = /^(?:Internal.*|ServiceUnavailable|Unavailable)$/;

/** EC2's own refusal of a request; undefined when something else went wrong. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof EC2ServiceException)) return undefined;
  const { name: code, message } = error;
  return { code, message, capacity: isShort(code) };
}
