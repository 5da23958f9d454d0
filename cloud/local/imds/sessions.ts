import { randomBytes } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../../base/clock.ts";
import { allRows } from "../database.ts";
import type { GroupCommit } from "../group-commit.ts";
import type { Credentials } from "../signature/verify.ts";

/** Credentials that end by themselves. */
export type TemporaryCredentials = Required<Credentials>;

interface SessionRow {
  access_key_id: string;
  secret: string;
  token: string;
  expires_ms: number;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const KEY_ID_LENGTH = 16;
const SECRET_BYTES = 30;
const TOKEN_BYTES = 192; // AWS's are some hundred characters long; clients must not assume less
/** A request that was signed in time may arrive a little later: it is told "expired" and not "unknown". */
const REMEMBERED_MS = 60 * 60 * 1000;

export type Sessions = ReturnType<typeof openSessions>;

/** The temporary credentials that the cloud has given out. They outlive a restart, as they would on AWS. */
export function openSessions(database: DatabaseSync, group: GroupCommit, clock: Clock) {
  database.exec(
    `CREATE TABLE IF NOT EXISTS sessions (
       access_key_id TEXT PRIMARY KEY, secret TEXT NOT NULL, token TEXT NOT NULL, expires_ms INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID`,
  );
  const insert = database.prepare("INSERT INTO sessions VALUES (?, ?, ?, ?)");
  const forget = database.prepare("DELETE FROM sessions WHERE expires_ms <= ?");
  const all = allRows<SessionRow>(database.prepare("SELECT * FROM sessions"));
  const known = new Map(all.map((row) => [row.access_key_id, credentialsOf(row)]));

  return {
    find: (accessKeyId: string): Credentials | undefined => known.get(accessKeyId),
    /** Makes credentials that are good for `lifetimeMs` from now on; resolves when they cannot get lost. */
    async issue(lifetimeMs: number): Promise<TemporaryCredentials> {
      const now = clock.now();
      const made = newCredentials(now + lifetimeMs);
      await group.run(() => {
        forget.run(now - REMEMBERED_MS);
        insert.run(made.accessKeyId, made.secretAccessKey, made.sessionToken, made.expiresMs);
      });
      for (const [id, { expiresMs }] of known) if (expiresMs <= now - REMEMBERED_MS) known.delete(id);
      known.set(made.accessKeyId, made);
      return made;
    },
  };
}

const credentialsOf = (row: SessionRow): TemporaryCredentials => ({
  accessKeyId: row.access_key_id,
  secretAccessKey: row.secret,
  sessionToken: row.token,
  expiresMs: row.expires_ms,
});

function newCredentials(expiresMs: number): TemporaryCredentials {
  const letters = [...randomBytes(KEY_ID_LENGTH)].map((byte) => ALPHABET[byte % ALPHABET.length]);
  return {
    accessKeyId: `ASIA${letters.join("")}`,
    secretAccessKey: randomBytes(SECRET_BYTES).toString("base64"),
    sessionToken: randomBytes(TOKEN_BYTES).toString("base64"),
    expiresMs,
  };
}
