import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { validateXML } from "xsd-schema-validator";
import type { DocumentKind } from "../../schemas/compiled.ts";
import { buildRequest, buildResponse } from "../../schemas/build.ts";
import { rawOutputOf } from "../../schemas/raw-output.ts";
import { EXAMPLES, EXAMPLES_FOLDER } from "./examples.ts";

/*
 * A second opinion on our schemas: Xerces, in a Java process per document. It would do what a hostile document asks
 * for (it reads external entities), so it is given only those that our own rules let through to the schema.
 */
const asked = EXAMPLES.filter((example) => example.valid || example.decidedBy !== "before");

const demanded = process.env["CI"] === "true" || process.env["DROVER_REQUIRE_JDK"] !== undefined;
const jdk = findJdk();
if (jdk !== undefined && !demanded) process.stderr.write(`Skipped: the XSD oracle needs a JDK (${jdk}).\n`);

function findJdk(): string | undefined {
  try {
    execFileSync("javac", ["-version"], { stdio: "pipe" });
    execFileSync("java", ["-version"], { stdio: "pipe" });
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.message.split("\n")[0] ?? "not found") : "not found";
  }
}

const xsd = (kind: DocumentKind) => fileURLToPath(new URL(`../../schemas/${kind}.xsd`, import.meta.url));

/** Whether Xerces finds the document valid; throws when it could not say, such as when no Java process came up. */
async function oracle(document: string | { file: string }, kind: DocumentKind): Promise<boolean> {
  try {
    return (await validateXML(document, xsd(kind))).valid;
  } catch (error) {
    const found = error instanceof Error && "messages" in error ? error.messages : undefined;
    if (Array.isArray(found) && found.length > 0) return false;
    throw error;
  }
}

/** Two at a time: one Java process keeps more than half a core busy. */
async function askAll<T>(items: readonly T[], ask: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await ask(item);
  };
  await Promise.all([worker(), worker()]);
}

describe.skipIf(jdk !== undefined && !demanded)("another validator", () => {
  let classes: string;

  beforeAll(() => {
    // The package brings its Java helper compiled for Java 21 only, so it is compiled for the JDK that is here, outside
    // of node_modules, and put where Java looks first.
    classes = mkdtempSync(join(tmpdir(), "drover-oracle-"));
    const source = join(
      dirname(createRequire(import.meta.url).resolve("xsd-schema-validator")),
      "../support",
    );
    execFileSync("javac", ["-d", classes, join(source, "XMLValidator.java")], { stdio: "pipe" });
    process.env["JAVA_TOOL_OPTIONS"] =
      `-Xbootclasspath/a:${classes} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto`;
  }, 60_000);

  afterAll(() => rmSync(classes, { recursive: true, force: true }));

  it("agrees with our schemas on every example", async () => {
    const opinions = new Map<string, boolean>();
    await askAll(asked, async (example) => {
      const file = fileURLToPath(new URL(example.file, EXAMPLES_FOLDER));
      opinions.set(example.file, await oracle({ file }, example.kind));
    });
    const expected = asked.map((example) => [example.file, example.valid || example.decidedBy === "rule"]);
    expect(Object.fromEntries(opinions)).toEqual(Object.fromEntries(expected));
  }, 120_000);

  it("accepts what Drover builds", async () => {
    const request = buildRequest({
      service: "analyze",
      reference: "a/b",
      parameters: [{ name: "note", value: "a\n\t\r\"'<>&]]>é😀" }],
      input: { type: "http", href: "https://example.com/[1]?a=%20&b=2" },
      output: { type: "callback", href: "https://example.com/", signature: { ref: "hook" } },
    });
    const response = buildResponse({
      service: "analyze",
      status: "success",
      messageId: "m-1",
      artifacts: [],
      rawOutput: rawOutputOf(Buffer.from("a ]]> b & <c>\n")),
      timings: { queuedS: 0.5, inputS: 1, runS: 6.01 },
      message: "Done.",
    });
    expect(await oracle(request, "request")).toBe(true);
    expect(await oracle(response, "response")).toBe(true);
  }, 60_000);
});
