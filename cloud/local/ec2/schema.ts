/**
 * An instance's row stands from its launch until an hour after its end. `spec` is what it was launched with, as JSON.
 * A client token is kept with a hash of its request and what that brought about.
 */
export const ec2Schema = `
CREATE TABLE IF NOT EXISTS ec2_instances (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  reservation TEXT NOT NULL,
  state TEXT NOT NULL,
  spec TEXT NOT NULL,
  launched_ms INTEGER NOT NULL,
  ready_ms INTEGER NOT NULL,
  visible_ms INTEGER NOT NULL,
  reclaim_ms INTEGER,
  ended_ms INTEGER,
  reason_code TEXT,
  reason TEXT,
  process TEXT
) STRICT;

CREATE TABLE IF NOT EXISTS ec2_tags (
  resource TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (resource, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS ec2_templates (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created_ms INTEGER NOT NULL,
  default_version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS ec2_template_versions (
  template TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (template, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS ec2_tokens (
  action TEXT NOT NULL,
  token TEXT NOT NULL,
  request TEXT NOT NULL,
  outcome TEXT NOT NULL,
  made_ms INTEGER NOT NULL,
  PRIMARY KEY (action, token)
) STRICT, WITHOUT ROWID;
`;
