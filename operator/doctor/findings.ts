/** What `drover doctor` has to say about one thing. */
export interface Finding {
  check: string;
  /** `warn`: it works, less well than it could. `fail`: an agent does not work here. */
  level: "ok" | "warn" | "fail";
  says: string;
  /** What to do about it. */
  advice?: string;
}

/** One line for each finding, what to do below it. */
export function showFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings
    .flatMap(({ check, level, says, advice }) => [
      `${level.padEnd(4)}  ${check.padEnd(width)}  ${says}`,
      ...(advice === undefined ? [] : [`${" ".repeat(width + 8)}→ ${advice}`]),
    ])
    .join("\n")
    .concat("\n");
}
