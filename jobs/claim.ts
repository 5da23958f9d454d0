/**
 * The delivery claim: two holders of one message must never POST at the same time.
 *
 * The commit of a result carries the committer's claim: it alone may deliver for CLAIM_S seconds. Whoever finds
 * the result later takes the claim over by a conditional write, once it has run out. Ages are computed from
 * the store's own clock (its Date minus the object's Last-Modified), so no skew of an agent's clock counts.
 */
export const CLAIM_S = 60;

/**
 * Last-Modified has whole seconds and the answer took a moment: a stranger waits this much longer than the
 * holder may act.
 */
const MARGIN_S = 3;

export interface ClaimRecord {
  /** Epoch milliseconds by the store's clock. */
  lastModified: number;
  storeNow: number;
  /** The attempt or delivery that holds it. */
  owner: string;
  /** True when the holder gave it back before its time. */
  released: boolean;
}

/** Seconds until somebody other than the owner may take the claim; 0 when it is free. */
export function claimLeftS(claim: ClaimRecord): number {
  if (claim.released) return 0;
  const ageS = (claim.storeNow - claim.lastModified) / 1000;
  return Math.max(0, Math.ceil(CLAIM_S + MARGIN_S - ageS));
}

/** Metadata names under which results and claims carry their owner. */
export const OWNER_METADATA = "drover-owner";
export const RELEASED_METADATA = "drover-released";
/** On a result: the request must also stand in the dead-letter queue. */
export const PARK_METADATA = "drover-park";

export function claimRecord(head: {
  lastModified: number;
  storeNow: number;
  metadata: Record<string, string>;
}): ClaimRecord {
  return {
    lastModified: head.lastModified,
    storeNow: head.storeNow,
    owner: head.metadata[OWNER_METADATA] ?? "",
    released: head.metadata[RELEASED_METADATA] === "true",
  };
}
