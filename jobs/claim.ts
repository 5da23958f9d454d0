/**
 * The delivery claim: two holders of one message must never POST at the same time.
 *
 * The commit of a result carries the committer's claim: it alone may deliver for `claimS` seconds. Whoever finds
 * the result later takes the claim over by a conditional write, once it has run out. Ages are computed from
 * the store's own clock (its Date minus the object's Last-Modified), so no skew of an agent's clock counts.
 */
export interface Claim {
  /** The attempt or delivery that holds it. */
  owner: string;
  /** How long it is good for, from the moment it was written. */
  claimS: number;
  /** True when the holder gave it back before its time. */
  released: boolean;
}

/** Last-Modified and Date have whole seconds: a stranger waits this much longer than the holder may act. */
const MARGIN_S = 1;

/** Seconds until somebody other than the owner may take the claim; 0 when it is free. */
export function claimLeftS(claim: Claim, written: { lastModified: number; storeNow: number }): number {
  if (claim.released) return 0;
  const ageS = (written.storeNow - written.lastModified) / 1000;
  return Math.max(0, Math.ceil(claim.claimS + MARGIN_S - ageS));
}

const OWNER = "drover-owner";
const CLAIM_S = "drover-claim-s";
const RELEASED = "drover-released";
const PARK = "drover-park";

/** The object metadata that carries a claim; `park` on a result: the request must also stand in the dead-letter queue. */
export function claimMetadata(claim: Claim, park = false): Record<string, string> {
  return {
    [OWNER]: claim.owner,
    [CLAIM_S]: String(claim.claimS),
    ...(claim.released ? { [RELEASED]: "true" } : {}),
    ...(park ? { [PARK]: "true" } : {}),
  };
}

export function claimOf(metadata: Record<string, string>): Claim {
  return {
    owner: metadata[OWNER] ?? "",
    claimS: Number(metadata[CLAIM_S] ?? 0),
    released: metadata[RELEASED] === "true",
  };
}

export function mustPark(metadata: Record<string, string>): boolean {
  return metadata[PARK] === "true";
}
