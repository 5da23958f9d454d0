import { gzipSync } from "node:zlib";
import { DroverError } from "../../base/errors.ts";

export interface UserDataFacts {
  bucket: string;
  region: string;
  /** What of a release the machine runs: agent, autoscaler, or both. */
  daemons: readonly string[];
  /** What `drover release keygen` printed. */
  releaseKeys: string;
  /** Text of bootstrap/boot.sh. */
  bootScript: string;
  /** Text of the fleet's drover.yaml. */
  settings: string;
  /** Channel files older than this are refused by a machine that has seen none yet. */
  minSerial: number;
}

/** What EC2 takes, before its own base64. Source: EC2 User Guide, "Run commands when you launch an EC2 instance". */
const MOST_BYTES = 16_384;

/** Programs of jobs are confined by bubblewrap, and a service may need more; an autoscaler needs neither. */
const FOR_JOBS = {
  ask: `# Programs that your services name under "requires" come here: ffmpeg, say.
packages=""
`,
  apt: " bubblewrap $packages",
  dnf: " $packages",
  bubblewrap: `  # Without it agents confine programs in a weaker way, and say so.
  dnf install -q -y bubblewrap || echo "this image has no package of bubblewrap"
`,
};
const NOTHING = { ask: "", apt: "", dnf: "", bubblewrap: "" };

/**
 * The script that a bare Debian 12, Ubuntu 24.04 or Amazon Linux 2023 is started with. It carries boot.sh itself, so that
 * nothing unsigned is ever fetched and run. `text` is for reading, `compressed` for EC2: cloud-init unpacks it, and it is
 * what fits. Throws `user-data-too-large`.
 */
export function userData(facts: UserDataFacts): { text: string; compressed: Uint8Array } {
  const { bucket, region, releaseKeys, minSerial, daemons } = facts;
  const jobs = daemons.includes("agent") ? FOR_JOBS : NOTHING;
  const text = `#!/bin/bash
# Brings a bare machine into the fleet ${bucket}. Runs once, as root, at the first start; later starts and updates are
# drover-boot.service's. What it says is in /var/log/cloud-init-output.log, and in the bucket under boot/.
set -euo pipefail
export HOME=/root

${jobs.ask}
# Right after its start a machine may be without network, or its package database held by somebody else.
persist() { until "$@"; do sleep 5; done; }
if command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  persist apt-get update -q
  # shellcheck disable=SC2086 # one word each
  persist apt-get install -q -y --no-install-recommends curl openssl tar gzip diffutils ca-certificates util-linux${jobs.apt}
else
  # shellcheck disable=SC2086 # one word each
  persist dnf install -q -y openssl tar gzip diffutils ca-certificates util-linux shadow-utils${jobs.dnf}
${jobs.bubblewrap}fi

id -u drover >/dev/null 2>&1 || useradd --system --home-dir /var/lib/drover/shared --shell /usr/sbin/nologin drover
install -d -m 755 /etc/drover /usr/local/lib/drover /var/lib/drover

cat >/etc/drover/boot.env <<'END'
DROVER_BUCKET=${bucket}
AWS_REGION=${region}
# What of a release this machine runs.
DROVER_DAEMONS="${daemons.join(" ")}"
# Who may sign a release. Several, separated by blanks, while a key is replaced.
DROVER_RELEASE_KEYS="${releaseKeys}"
DROVER_MIN_SERIAL=${minSerial}
END

cat >/var/lib/drover/drover.yaml <<'END_OF_SETTINGS'
${facts.settings.trimEnd()}
END_OF_SETTINGS
chown root:drover /var/lib/drover/drover.yaml
chmod 640 /var/lib/drover/drover.yaml # it may hold secrets

cat >/usr/local/lib/drover/boot.sh <<'END_OF_BOOT_SCRIPT'
${facts.bootScript.trimEnd()}
END_OF_BOOT_SCRIPT
chmod 755 /usr/local/lib/drover/boot.sh

set -a
. /etc/drover/boot.env
set +a
# 3: it runs, though not the newest release. Without a release nothing can run, so the network is waited for.
until /usr/local/lib/drover/boot.sh once || [ $? -eq 3 ]; do sleep 15; done
`;
  const compressed = gzipSync(text, { level: 9 });
  if (compressed.length <= MOST_BYTES) return { text, compressed };
  const message = `The user-data would have ${compressed.length} bytes, EC2 takes ${MOST_BYTES}. Shorten drover.yaml.`;
  throw new DroverError("user-data-too-large", message);
}
