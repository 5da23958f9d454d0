import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "services/*/node_modules/**"],
    pool: "forks",
    // Most of the slow tests wait for other processes, so two cores serve three files at once.
    maxWorkers: 3,
    // Only a bound: a loaded machine is slow, and no test waits by the clock.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
