import type { DatabaseSync } from "node:sqlite";
import { allRows } from "../database.ts";
import type { LaunchData } from "./launch-data.ts";

export interface Template {
  id: string;
  name: string;
  createdMs: number;
  defaultVersion: number;
  latestVersion: number;
}

export interface TemplateVersion {
  version: number;
  createdMs: number;
  data: LaunchData;
}

interface TemplateRow {
  id: string;
  name: string;
  created_ms: number;
  default_version: number;
  latest: number;
}

interface VersionRow {
  version: number;
  created_ms: number;
  data: string;
}

export type TemplateTable = ReturnType<typeof openTemplateTable>;

export function openTemplateTable(database: DatabaseSync) {
  const select = `SELECT id, name, created_ms, default_version,
     (SELECT max(version) FROM ec2_template_versions WHERE template = id) AS latest FROM ec2_templates`;
  const all = database.prepare(`${select} ORDER BY name`);
  const find = database.prepare(`${select} WHERE id = ? OR name = ?`);
  const add = database.prepare("INSERT INTO ec2_templates VALUES (?, ?, ?, 1)");
  const addVersion = database.prepare("INSERT INTO ec2_template_versions VALUES (?, ?, ?, ?)");
  const versions = database.prepare(
    "SELECT * FROM ec2_template_versions WHERE template = ? ORDER BY version DESC",
  );
  const makeDefault = database.prepare("UPDATE ec2_templates SET default_version = ? WHERE id = ?");
  const drop = database.prepare("DELETE FROM ec2_templates WHERE id = ?");
  const dropVersions = database.prepare("DELETE FROM ec2_template_versions WHERE template = ?");
  return {
    all: () => allRows<TemplateRow>(all).map(templateOf),
    find: (idOrName: string): Template | undefined =>
      allRows<TemplateRow>(find, idOrName, idOrName).map(templateOf)[0],
    add: (id: string, name: string, nowMs: number) => void add.run(id, name, nowMs),
    addVersion: (id: string, version: number, nowMs: number, data: LaunchData) =>
      void addVersion.run(id, version, nowMs, JSON.stringify(data)),
    /** Newest first. */
    versions: (id: string): TemplateVersion[] =>
      allRows<VersionRow>(versions, id).map(({ version, created_ms: createdMs, data }) => ({
        version,
        createdMs,
        data: JSON.parse(data) as LaunchData,
      })),
    makeDefault: (id: string, version: number) => void makeDefault.run(version, id),
    drop: (id: string) => {
      drop.run(id);
      dropVersions.run(id);
    },
  };
}

const templateOf = (row: TemplateRow): Template => ({
  id: row.id,
  name: row.name,
  createdMs: row.created_ms,
  defaultVersion: row.default_version,
  latestVersion: row.latest,
});
