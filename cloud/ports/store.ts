/** Where the fleet keeps its activity log and the status of its instances, because any server can vanish. */
export interface StatusRow {
  instanceId: string;
  /** Epoch milliseconds by the instance's clock. */
  heartbeatAt: number;
  [field: string]: string | number | boolean | undefined;
}

/** A small document that several hosts change, each only what it has seen. */
export interface StoredRecord {
  /** Another one for each text. */
  version: string;
  text: string;
}

export interface Store {
  /**
   * Appends a chunk of an instance's activity log. `offset` is the chunk's place in the instance's whole log,
   * bytes: writing the same chunk again, or a longer one from the same offset, leaves no double.
   */
  appendActivity(instanceId: string, offset: number, lines: string): Promise<void>;
  putStatus(row: StatusRow): Promise<void>;
  listStatus(): Promise<StatusRow[]>;
  deleteStatus(instanceId: string): Promise<void>;
  /** The newest one, never an older one. Undefined when there is none. */
  readRecord(name: string): Promise<StoredRecord | undefined>;
  /**
   * Compare and swap: writes the text if the record still has the version `seen`, or, without one, if there is none. Resolves
   * to the new version; to undefined when somebody else was faster, or an earlier try of ours whose answer was lost: read
   * it back. Two writes of a record never have the same text, or one could be taken for the other.
   * @param name letters, digits, `-`
   */
  swapRecord(name: string, text: string, seen: string | undefined): Promise<string | undefined>;
}
