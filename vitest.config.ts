import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** What computes for minutes begins first, beside all that waits for other processes. */
const ORDER = [/\/test\/worlds\//, /\/test\/chaos\//, /\/test\/e2e\//, /\/test\/contract\//, /./];

const place = ({ moduleId }: TestSpecification) => ORDER.findIndex((it) => it.test(moduleId));

class LongestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(files.toSorted((left, right) => place(left) - place(right)));
  }
}

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "services/*/node_modules/**"],
    pool: "forks",
    // Most of the slow tests wait for other processes, so two cores serve three files at once.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // Every command that a test starts would compile Drover anew.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, "node_modules/.cache/compiled") },
    // Only a bound: a loaded machine is slow, and no test waits by the clock.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
