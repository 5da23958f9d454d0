/** Where the fleet keeps its activity log and the status of its instances, because any server can vanish. */
export interface StatusRow {
  instanceId: string;
  /** Epoch milliseconds by the instance's clock. */
  heartbeatAt: number;
  [field: string]: string | number | boolean | undefined;
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
}
