import type { DatabaseSync } from "node:sqlite";
import { allRows } from "../database.ts";

/** What a request with a client token has brought about, for whoever repeats it. */
export interface TokenRow {
  /** A hash of the request. */
  request: string;
  /** JSON, of the operation's own making. */
  outcome: string;
}

export type TokenTable = ReturnType<typeof openTokenTable>;

export function openTokenTable(database: DatabaseSync) {
  const find = database.prepare("SELECT request, outcome FROM ec2_tokens WHERE action = ? AND token = ?");
  const put = database.prepare("INSERT INTO ec2_tokens VALUES (?, ?, ?, ?, ?)");
  const forget = database.prepare("DELETE FROM ec2_tokens WHERE made_ms <= ?");
  return {
    find: (action: string, token: string) => allRows<TokenRow>(find, action, token)[0],
    put: (action: string, token: string, row: TokenRow, nowMs: number) =>
      void put.run(action, token, row.request, row.outcome, nowMs),
    forgetBefore: (ms: number) => void forget.run(ms),
  };
}
