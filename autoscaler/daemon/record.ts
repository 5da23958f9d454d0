/**
 * What the scalers and the agents of a fleet agree on: one record in the store, changed only by compare and swap. It is
 * the leader's lease, its fence (who cannot write it may not act), its list of what it is about to do, and its orders.
 */

/** The record's name in the store. */
export const RECORD = "scaler";

/** Something that was about to be done when the record was written, and may be done again by whoever reads it. */
export type Intent =
  /** `ids`: known once the provider has answered; it stays until the provider's list shows them. */
  | { kind: "launch"; token: string; pool: string; count: number; ids?: string[] }
  /** Stays until the provider's list shows that they end. */
  | { kind: "terminate"; ids: string[] };

export interface ScalerRecord {
  /** Rises by one with every change of leader: the fencing number. */
  epoch: number;
  /** Stays the same for as long as the record lives, and is no other fleet's: launch tokens are made with it. */
  lineage: string;
  /** The process in charge; empty when the last one left in order. */
  leader: string;
  /** Rises with every write. Who leads is alive as long as it does. */
  beat: number;
  /** The leader's period, seconds. */
  periodS: number;
  /** Instances that shall take no message, each with the order's number; whoever is not listed works. */
  cordons: Record<string, string>;
  intents: Intent[];
  /** The leader's last decision, in words. */
  sentence: string;
}

export const NOBODY: ScalerRecord = {
  epoch: 0,
  lineage: "",
  leader: "",
  beat: 0,
  periodS: 0,
  cordons: {},
  intents: [],
  sentence: "",
};

export const recordText = (record: ScalerRecord): string => JSON.stringify(record);

/** Throws for a text that is no record. */
export function parseRecord(text: string): ScalerRecord {
  const found = JSON.parse(text) as Partial<ScalerRecord>;
  if (typeof found.epoch !== "number" || typeof found.beat !== "number") {
    throw new TypeError(`the record ${RECORD} in the store cannot be read`);
  }
  return { ...NOBODY, ...found };
}
