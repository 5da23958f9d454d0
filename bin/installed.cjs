"use strict";
// Says by its exit code whether node_modules in a folder is what its package-lock.json asks for: npm keeps a record
// of what it installed. Runs under Node 20, before anything of ours is there.
const { existsSync, readFileSync } = require("node:fs");
const { join } = require("node:path");

function isInstalled(folder) {
  const record = join(folder, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  const { "": _, ...wanted } = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")).packages;
  const found = JSON.parse(readFileSync(record, "utf8")).packages;
  const same = ([path, entry]) => wanted[path] !== undefined && wanted[path].integrity === entry.integrity;
  // What is optional may be missing: another platform's binaries are.
  const present = ([path, entry]) => found[path] !== undefined || entry.optional === true;
  return Object.entries(found).every(same) && Object.entries(wanted).every(present);
}

process.exit(isInstalled(process.argv[2] ?? ".") ? 0 : 1);
