import type { Channel } from "../../bootstrap/release/channel.ts";
import type { InstanceRelease } from "./fleet.ts";

/** What the fleet should run, in a line or two. */
export function showChannel({ serial, release, canary, expiresAtS }: Channel): string {
  const until = new Date(expiresAtS * 1000).toISOString().slice(0, 10);
  const line = `serial ${serial}  release ${release.version}  signed until ${until}\n`;
  if (canary === undefined) return line;
  return `${line}canary ${canary.version} on ${canary.instances.join(", ")}\n`;
}

/** What each instance runs, and why when it is not what it should be. */
export function showInstances(instances: readonly InstanceRelease[]): string {
  if (instances.length === 0) return "no instance reports\n";
  return instances
    .map(({ instance, release, problem }) => {
      const why = problem === "" ? "" : `  PROBLEM ${problem}`;
      return `  ${instance}  ${release || "not from a release"}${why}\n`;
    })
    .join("");
}

/** The releases that were current before, the newest first. */
export function showHistory(history: readonly Channel[]): string {
  return history
    .map(
      ({ serial, release, canary }) =>
        `  ${String(serial).padStart(5)}  ${release.version}${canary === undefined ? "" : `  canary ${canary.version}`}\n`,
    )
    .join("");
}
