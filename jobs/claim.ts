/**
 * The delivery claim: two holders of one message must never POST at the same time, and what was delivered must not
 * be delivered again.
 *
 *   held ──given back after a failure──▶ released ──taken──▶ held ──delivered──▶ delivered
 *     ├──────────run out, taken over──────────────────────────┘
 *     └──given up, in the dead-letter queue──▶ parked ──a person asks for it──▶ released
 *
 * The commit of a result carries the committer's claim, on the result itself: it alone may deliver for `claimS`
 * seconds. Whoever finds the result later takes the claim over by a conditional write of an object of its own, once
 * it has run out. Ages are computed from the store's own clock (its Date minus the object's Last-Modified), so no skew
 * of an agent's clock counts. The happy path never writes `delivered`: the delete of the message says it.
 * `parked` spares the copies of one delivery from being given up one claim after the other.
 * Who asks for a delivery by hand while it is held leaves it held, for what is left.
 */
export interface Claim {
  /** The attempt or delivery that holds it; unique to each taking. */
  owner: string;
  state: (typeof STATES)[number];
  /** How long it is good for, from the moment it was written. */
  claimS: number;
  /** Deliveries that failed so far. */
  failures: number;
}

const STATES = ["held", "released", "delivered", "parked"] as const;

/** Last-Modified and Date have whole seconds: a stranger waits this much longer than the holder may act. */
const MARGIN_S = 1;

/** Seconds until somebody other than the owner may take the claim; 0 when it is free. */
export function claimLeftS(claim: Claim, written: { lastModified: number; storeNow: number }): number {
  if (claim.state !== "held") return 0;
  const ageS = (written.storeNow - written.lastModified) / 1000;
  return Math.max(0, Math.ceil(claim.claimS + MARGIN_S - ageS));
}

const OWNER = "drover-owner";
const STATE = "drover-claim";
const CLAIM_S = "drover-claim-s";
const FAILURES = "drover-failures";
const PARK = "drover-park";

/** The object metadata that carries a claim; `park` on a result: the request must also stand in the dead-letter queue. */
export function claimMetadata(claim: Claim, park = false): Record<string, string> {
  return {
    [OWNER]: claim.owner,
    [STATE]: claim.state,
    [CLAIM_S]: String(claim.claimS),
    [FAILURES]: String(claim.failures),
    ...(park ? { [PARK]: "true" } : {}),
  };
}

export function claimOf(metadata: Record<string, string>): Claim {
  return {
    owner: metadata[OWNER] ?? "",
    state: STATES.find((it) => it === metadata[STATE]) ?? "held",
    claimS: Number(metadata[CLAIM_S] ?? 0),
    failures: Number(metadata[FAILURES] ?? 0),
  };
}

export function mustPark(metadata: Record<string, string>): boolean {
  return metadata[PARK] === "true";
}
