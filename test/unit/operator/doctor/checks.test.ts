import { describe, expect, test } from "vitest";
import {
  checkClock,
  checkDisk,
  checkNode,
  checkSandbox,
  checkServices,
} from "../../../../operator/doctor/checks.ts";
import { showFindings } from "../../../../operator/doctor/findings.ts";
import { manifestOf } from "../../../support/manifest.ts";

const GIB = 2 ** 30;

describe("the doctor's verdict on", () => {
  test.each([
    ["v24.0.0", "ok"],
    ["v25.1.2", "ok"],
    ["v20.19.0", "fail"],
    ["v9.11.2", "fail"],
  ])("Node %s is %s", (version, level) => {
    expect(checkNode(version)).toMatchObject({ level });
  });

  test.each([
    [0, "ok"],
    [29_000, "ok"],
    [-31_000, "warn"],
    [301_000, "fail"],
    [-7_200_000, "fail"],
    [undefined, "warn"],
  ])("a clock that is %s ms ahead is %s", (skewMs, level) => {
    expect(checkClock(skewMs)).toMatchObject({ level });
  });

  test("a wrong clock says in which direction", () => {
    expect(checkClock(60_000).says).toBe("60 s ahead of the cloud's");
    expect(checkClock(-60_000).says).toBe("60 s behind the cloud's");
  });

  test.each([
    [100 * GIB, "ok"],
    [2 * GIB, "warn"],
    [GIB / 4, "fail"],
  ])("a disk with %s bytes free is %s", (free, level) => {
    expect(checkDisk(free, "/work")).toMatchObject({ level });
  });

  test("a sandbox: bubblewrap is fine, less is said with its reason, nothing where it is demanded fails", () => {
    const facts = { bubblewrap: "bubblewrap 0.8.0", isRoot: false };
    expect(checkSandbox({ kind: "bubblewrap", ownUsers: false }, "", facts)).toMatchObject({ level: "ok" });
    const weak = { kind: "process-group", ownUsers: false, weakness: "no namespaces" };
    const obstacle = { ...facts, namespaceObstacle: "/proc/x is 1" };
    const finding = checkSandbox(weak, "", obstacle);
    expect(finding).toMatchObject({ level: "warn" });
    expect(finding.says).toContain("no namespaces");
    expect(finding.advice).toContain("/proc/x is 1");
    const missing = checkSandbox(undefined, "it is not installed", { isRoot: true });
    expect(missing).toMatchObject({ level: "fail", says: "it is not installed" });
    expect(missing.advice).toContain("apt-get install bubblewrap");
  });

  test("services: a machine that can run none is no place for an agent", () => {
    const offered = { manifest: manifestOf({ network: true }), folder: "/s/echo", missing: [] };
    const lacking = { ...offered, manifest: manifestOf({ name: "gpu" }), missing: ["no GPU"] };
    const both = {
      services: new Map([
        ["echo", offered],
        ["gpu", lacking],
      ]),
      broken: new Map([["odd", "odd/service.yaml is not YAML"]]),
    };
    expect(checkServices(both, "/s").map(({ level }) => level)).toEqual(["ok", "warn", "warn"]);
    expect(checkServices(both, "/s")[0]?.says).toContain("reaches what this machine reaches");
    const none = { services: new Map([["gpu", lacking]]), broken: new Map() };
    expect(checkServices(none, "/s").map(({ level }) => level)).toEqual(["warn", "fail"]);
  });
});

test("findings stand one a line, advice below", () => {
  const text = showFindings([
    { check: "node", level: "ok", says: "v24" },
    { check: "sandbox", level: "warn", says: "weak", advice: "Install it." },
  ]);
  expect(text).toBe("ok    node     v24\nwarn  sandbox  weak\n               → Install it.\n");
});
