import { execFileSync } from "node:child_process";
import { expect } from "vitest";

/** The first Python that has botocore; undefined when none has. */
function findPython(): string | undefined {
  return ["python3", "/usr/bin/python3"].find((python) => {
    try {
      execFileSync(python, ["-c", "import botocore"], { stdio: "pipe" });
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * A Python with botocore, or, when there is none, skips the test and says so; with DROVER_REQUIRE_BOTOCORE set the
 * test fails instead.
 */
export function botocorePython(skip: (note: string) => never): string {
  const python = findPython();
  if (python !== undefined) return python;
  const missing = "no Python with botocore is installed (Debian: python3-botocore)";
  expect(process.env["DROVER_REQUIRE_BOTOCORE"], missing).toBeUndefined();
  return skip(missing);
}
