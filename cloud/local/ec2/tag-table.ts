import type { DatabaseSync } from "node:sqlite";
import { allRows } from "../database.ts";

export type Tags = Record<string, string>;

interface TagRow {
  resource: string;
  key: string;
  value: string;
}

export type TagTable = ReturnType<typeof openTagTable>;

export function openTagTable(database: DatabaseSync) {
  const all = database.prepare("SELECT * FROM ec2_tags ORDER BY resource, key");
  const of = database.prepare("SELECT * FROM ec2_tags WHERE resource = ? ORDER BY key");
  const put = database.prepare("INSERT OR REPLACE INTO ec2_tags VALUES (?, ?, ?)");
  const drop = database.prepare("DELETE FROM ec2_tags WHERE resource = ?");
  return {
    all: () => allRows<TagRow>(all),
    of: (resource: string): Tags =>
      Object.fromEntries(allRows<TagRow>(of, resource).map(({ key, value }) => [key, value])),
    put: (resource: string, tags: Tags) => {
      for (const [key, value] of Object.entries(tags)) put.run(resource, key, value);
    },
    drop: (resource: string) => void drop.run(resource),
  };
}
