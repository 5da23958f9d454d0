import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { validateXML } from "xsd-schema-validator";
import { validate } from "../../schemas/validate.ts";
import { type Finding, median, round } from "./figures.ts";
import { requestFor, type World } from "./world.ts";

const XSD = join(import.meta.dirname, "../../schemas/request.xsd");

/** One document against the schema: in this process, and by the validator that starts a JVM for each. */
export async function measureValidation(
  { folder }: World,
  quick: boolean,
  say: (text: string) => void,
): Promise<Finding> {
  const xml = requestFor("analyze", "http://127.0.0.1:8080/done", "http://127.0.0.1:8080/video.mp4");
  const ownUs = inProcessUs(xml, quick ? 5_000 : 20_000);
  say(`in this process: ${round(ownUs, 0)} µs`);
  const jvmMs = hasJdk() ? await jvm(xml, quick ? 2 : 5, folder) : undefined;
  say(
    jvmMs === undefined
      ? "xsd-schema-validator: skipped, there is no JDK"
      : `xsd-schema-validator: ${round(jvmMs, 0)} ms`,
  );
  return {
    rows: [
      {
        measure: "checking a request document",
        drover: `${round(ownUs, 0)} µs`,
        others:
          jvmMs === undefined
            ? "xsd-schema-validator: skipped, no JDK here"
            : `xsd-schema-validator ${round(jvmMs, 0)} ms`,
        goal: "",
      },
    ],
    data: { ownUs: round(ownUs, 1), jvmMs: jvmMs === undefined ? null : round(jvmMs, 0) },
  };
}

/** The median of ten batches, after one that warms the compilers. */
function inProcessUs(xml: string, documents: number): number {
  const batch = documents / 10;
  const perDocument: number[] = [];
  for (let i = 0; i <= 10; i++) {
    const startedAt = performance.now();
    for (let n = 0; n < batch; n++) {
      if (!validate("request", xml).ok) throw new Error("The benchmark's own document is not valid.");
    }
    if (i > 0) perDocument.push(((performance.now() - startedAt) / batch) * 1000);
  }
  return median(perDocument);
}

/** Its Java helper comes compiled for Java 21 only, so it is compiled for the JDK that is here first. */
async function jvm(xml: string, documents: number, folder: string): Promise<number> {
  const classes = join(folder, "classes");
  const main = createRequire(import.meta.url).resolve("xsd-schema-validator");
  execFileSync("javac", ["-d", classes, join(dirname(main), "../support/XMLValidator.java")]);
  const before = process.env["JAVA_TOOL_OPTIONS"];
  process.env["JAVA_TOOL_OPTIONS"] = `-Xbootclasspath/a:${classes} -XX:TieredStopAtLevel=1`;
  const tookMs: number[] = [];
  try {
    for (let i = 0; i < documents; i++) {
      const startedAt = performance.now();
      const { valid } = await validateXML(xml, XSD);
      if (!valid) throw new Error("The two validators do not agree.");
      tookMs.push(performance.now() - startedAt);
    }
  } finally {
    if (before === undefined) delete process.env["JAVA_TOOL_OPTIONS"];
    else process.env["JAVA_TOOL_OPTIONS"] = before;
  }
  return median(tookMs);
}

function hasJdk(): boolean {
  try {
    execFileSync("javac", ["-version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
