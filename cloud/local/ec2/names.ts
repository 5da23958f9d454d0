import { AwsError } from "../aws-error.ts";
import type { Call } from "./state.ts";

/** What every request may carry: its own name, and a signature in the query. */
const COMMON = new Set(["Action", "Version", "DryRun", "ClientToken"]);

/**
 * Refuses parameters that the embedded cloud does not know, rather than to do something else than was asked.
 * @param below such as `LaunchTemplateData.`; "" for the names at the top
 */
export function onlyKnown({ pairs }: Call, known: readonly string[], below = ""): void {
  for (const [name] of pairs) {
    if (!name.startsWith(below) || name.startsWith("X-Amz-")) continue;
    const [own = ""] = name.slice(below.length).split(".");
    if (known.includes(own) || (below === "" && COMMON.has(own))) continue;
    throw new AwsError("UnsupportedOperation", `The embedded cloud does not know the parameter ${name}.`);
  }
}
