import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, hostname } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { type Config, readConfig } from "../config/config.ts";
import { DroverError, reasonOf } from "../errors.ts";

const DEFAULT_FILE = "drover.yaml";

/**
 * The settings of this process: drover.yaml (or the named file), the environment, the flags; paths absolute and
 * defaults that depend on the machine filled in. Throws `config-invalid`.
 * @param root the folder Drover is installed in
 */
export function loadSettings(root: string, file: string | undefined, flags: Record<string, unknown>): Config {
  const path = file ?? DEFAULT_FILE;
  const present = file !== undefined || existsSync(path);
  const config = readConfig(present ? readText(path) : "", process.env, flags);
  const given = flags["services_dir"] !== undefined || process.env["DROVER_SERVICES_DIR"] !== undefined;
  const base = present && !given ? dirname(resolve(path)) : process.cwd();
  const workDir = resolve(config.work_dir);
  return {
    ...config,
    services_dir: config.services_dir === "" ? join(root, "services") : resolve(base, config.services_dir),
    work_dir: workDir,
    instance_id: config.instance_id === "" ? instanceIdOf(workDir) : config.instance_id,
    slots: config.slots === 0 ? availableParallelism() : config.slots,
  };
}

/** What programs and architectures this machine has to offer. */
export function machine(): { architecture: string; path: string[] } {
  return {
    architecture: process.arch,
    path: (process.env["PATH"] ?? "").split(delimiter).filter((it) => it !== ""),
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new DroverError("config-invalid", `The settings file cannot be read: ${reasonOf(error)}`);
  }
}

/** The same after a restart, another one for each agent of a machine: its log and status go by this name. */
function instanceIdOf(workDir: string): string {
  const place = createHash("sha256").update(workDir).digest("hex").slice(0, 6);
  const host = hostname()
    .replaceAll(/[^A-Za-z0-9._-]/g, "-")
    .slice(0, 50);
  return `${host}-${place}`;
}
