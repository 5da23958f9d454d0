import { parseArgs } from "node:util";
import { rememberHashes } from "./hashes.ts";
import { prepareImports } from "./hooks.ts";
import { mutantNamed } from "./mutants.ts";
import { letSignalsGo } from "./signals.ts";

/**
 * Plays simulated worlds and checks the invariants: see docs/proof.md.
 *
 *   node test/worlds/main.ts --seeds 20000            random worlds 0 … 19999
 *   node test/worlds/main.ts --seed 4711              one world again, with its history
 *   node test/worlds/main.ts --faults 2               every schedule of up to two faults; --mishaps a,b: only of these
 *   node test/worlds/main.ts --mutants                every planted bug must be caught
 */
const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    seed: { type: "string" },
    faults: { type: "string" },
    mishaps: { type: "string" },
    kind: { type: "string" },
    part: { type: "string" },
    mutants: { type: "boolean" },
    mutant: { type: "string" },
    json: { type: "boolean" },
  },
});

if (values.mutants) {
  const { huntMutants } = await import("./hunt.ts");
  process.exitCode = await huntMutants(values.json ?? false, values.mutant);
} else {
  // No stack traces for the thousands of errors that are meant to be.
  Error.stackTraceLimit = values.seed !== undefined && values.seeds === undefined ? 20 : 0;
  letSignalsGo();
  rememberHashes();
  prepareImports(values.mutant === undefined ? [] : [mutantNamed(values.mutant)]);
  const { run } = await import("./run.ts");
  process.exitCode = await run({
    seeds: values.seeds === undefined ? undefined : Number(values.seeds),
    seed: values.seed === undefined ? undefined : Number(values.seed),
    faults: values.faults === undefined ? undefined : Number(values.faults),
    mishaps: values.mishaps,
    kind: values.kind,
    part: values.part,
    json: values.json ?? false,
    isMutated: values.mutant !== undefined,
  });
}
