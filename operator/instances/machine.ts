import { gzipSync } from "node:zlib";
import type { Config } from "../../base/config/config.ts";

/** What an instance of the embedded cloud is told by its user data. */
export interface MachineFacts {
  config: Config;
  /** The public half of the key that signs releases. */
  releaseKeys: string;
  /** Text of bootstrap/boot.sh. */
  bootScript: string;
}

/** Local instances look for a new release this often: a second costs nothing here. */
const CHANNEL_PERIOD_S = "1";

/**
 * The script that brings an instance of the embedded cloud up, compressed as on EC2. Beside what is said here it needs
 * the addresses of the cloud and of its metadata service, which an instance of the embedded cloud has in its environment.
 * What runs there is what runs on real machines: boot.sh, here in the foreground, since there is no systemd.
 */
export function localUserData({ config, releaseKeys, bootScript }: MachineFacts): Uint8Array {
  const text = `#!/usr/bin/env bash
set -u
cat >"$HOME/drover.yaml" <<'END_OF_SETTINGS'
${machineSettings(config).trimEnd()}
END_OF_SETTINGS
chmod 600 "$HOME/drover.yaml" # it may hold secrets
cat >"$HOME/boot.sh" <<'END_OF_BOOT_SCRIPT'
${bootScript.trimEnd()}
END_OF_BOOT_SCRIPT
export DROVER_HOME=$HOME DROVER_BUCKET='${config.bucket}' DROVER_RELEASE_KEYS='${releaseKeys}'
export DROVER_SYSTEMD=0 DROVER_CHANNEL_PERIOD_S=${CHANNEL_PERIOD_S}
bash "$HOME/boot.sh" stay &
stay=$!
# The first word drains, the second one stops: both are boot.sh's to heed.
trap 'kill -TERM "$stay" 2>/dev/null' TERM
while kill -0 "$stay" 2>/dev/null; do wait "$stay"; done
# A machine whose agents have left for good has no reason to be.
shutdown -h now
`;
  return gzipSync(text, { level: 9 });
}

/** The instance's drover.yaml (JSON is YAML): the fleet's settings, without what each place decides for itself. */
function machineSettings(config: Config): string {
  const { services_dir: _services, work_dir: _work, instance_id: _instance, ...fleet } = config;
  return `${JSON.stringify(fleet, undefined, 2)}\n`;
}
