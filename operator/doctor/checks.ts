import type { Catalog } from "../../agent/admit/catalog.ts";
import type { Finding } from "./findings.ts";

const GIB = 2 ** 30;
/** Less than this is used up by a few large inputs. */
const LITTLE_DISK_BYTES = 5 * GIB;
const NO_DISK_BYTES = GIB / 2;
/** AWS refuses requests whose signature is more than five minutes old by its clock (SQS, EC2; S3: fifteen). */
const SIGNATURE_LIFE_MS = 300_000;
const NOTICEABLE_SKEW_MS = 30_000;
const OLDEST_NODE = 24;

export function checkNode(version: string): Finding {
  const [, major = "0"] = /^v?(\d+)/.exec(version) ?? [];
  if (Number(major) >= OLDEST_NODE) return { check: "node", level: "ok", says: version };
  return {
    check: "node",
    level: "fail",
    says: `${version} is too old`,
    advice: `Drover needs Node ${OLDEST_NODE} or later; npm ci brings it.`,
  };
}

/** What confines programs here; `undefined` sandbox: the settings demand one that does not work, `reason` says why. */
export function checkSandbox(
  sandbox: { kind: string; weakness?: string; ownUsers: boolean } | undefined,
  reason: string,
  facts: { bubblewrap?: string; namespaceObstacle?: string; isRoot: boolean },
): Finding {
  const check = "sandbox";
  if (sandbox === undefined) return { check, level: "fail", says: reason, advice: repair(facts) };
  const users = sandbox.ownUsers ? "each program as a user of its own" : "programs as this agent's user";
  if (sandbox.weakness === undefined) {
    return { check, level: "ok", says: `${facts.bubblewrap ?? sandbox.kind}, ${users}` };
  }
  const says = `only ${sandbox.kind}, ${users}: ${sandbox.weakness}`;
  return { check, level: "warn", says, advice: repair(facts) };
}

function repair(facts: { bubblewrap?: string; namespaceObstacle?: string; isRoot: boolean }): string {
  if (facts.bubblewrap === undefined) return "Install bubblewrap: apt-get install bubblewrap";
  if (!facts.isRoot && facts.namespaceObstacle !== undefined) {
    return `Users may not make namespaces (${facts.namespaceObstacle}): allow it, or run the agent as root; docs/sandbox.md says how.`;
  }
  return "docs/sandbox.md lists what keeps bubblewrap from working.";
}

/** How memory is bounded does not depend on control groups; an operator may want to know all the same. */
export function checkControlGroups(version: "v2" | "v1" | "none"): Finding {
  const says = version === "none" ? "none" : `${version}; memory is watched by the agent itself`;
  return { check: "cgroups", level: "ok", says };
}

export function checkDisk(freeBytes: number, folder: string): Finding {
  const says = `${(freeBytes / GIB).toFixed(1)} GiB free for ${folder}`;
  const advice = "Free some space, or set work_dir to a folder on a larger disk.";
  if (freeBytes < NO_DISK_BYTES) return { check: "disk", level: "fail", says, advice };
  if (freeBytes < LITTLE_DISK_BYTES) return { check: "disk", level: "warn", says, advice };
  return { check: "disk", level: "ok", says };
}

/** @param skewMs this machine's clock minus the cloud's; undefined when the cloud did not say */
export function checkClock(skewMs: number | undefined): Finding {
  if (skewMs === undefined)
    return { check: "clock", level: "warn", says: "the cloud did not say what time it is" };
  const s = Math.abs(skewMs) / 1000;
  const says =
    s < 1 ? "agrees with the cloud's" : `${s.toFixed(0)} s ${skewMs > 0 ? "ahead of" : "behind"} the cloud's`;
  const advice = "Set the clock, best by NTP: timedatectl set-ntp true";
  if (Math.abs(skewMs) > SIGNATURE_LIFE_MS) return { check: "clock", level: "fail", says, advice };
  if (Math.abs(skewMs) > NOTICEABLE_SKEW_MS) return { check: "clock", level: "warn", says, advice };
  return { check: "clock", level: "ok", says };
}

/** One finding for each queue or bucket; `problem` is what asking for it threw. */
export function checkReach(what: string, problem: string | undefined): Finding {
  if (problem === undefined) return { check: what, level: "ok", says: "answers" };
  return { check: what, level: "fail", says: problem };
}

export function checkServices({ services, broken }: Catalog, folder: string): Finding[] {
  const findings: Finding[] = [...services.values()].map(({ manifest, missing }) => {
    const check = `service ${manifest.name}`;
    if (missing.length > 0) {
      return { check, level: "warn", says: `not offered here: ${missing.join("; ")}` };
    }
    const reach = manifest.network ? ", and its program reaches what this machine reaches" : "";
    return { check, level: "ok", says: `${manifest.version}${reach}` };
  });
  for (const [name, says] of broken) findings.push({ check: `service ${name}`, level: "warn", says });
  if ([...services.values()].some(({ missing }) => missing.length === 0)) return findings;
  const none: Finding = {
    check: "services",
    level: "fail",
    says: `this machine can run no service of ${folder}`,
    advice: "drover services says what each lacks.",
  };
  return [...findings, none];
}

export function checkOptional(program: string, there: boolean, use: string): Finding {
  return { check: program, level: "ok", says: there ? "there" : `not there; only ${use}` };
}
