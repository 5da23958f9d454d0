import { createHash } from "node:crypto";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { collectOutput } from "../../../../agent/result/output.ts";
import { systemFiles } from "../../../../base/system/files.ts";
import { buildResponse } from "../../../../schemas/build.ts";
import type { ServiceManifest } from "../../../../schemas/service.ts";
import { validate } from "../../../../schemas/validate.ts";
import { manifestOf } from "../../../support/manifest.ts";
import { createMemoryObjects, type MemoryObjects } from "../../../support/memory-objects.ts";
import { createSeededRandom } from "../../../support/seeded-random.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const ATTEMPT = { job: { id: "m-1", generation: 0 }, attemptId: "a-1", signal: new AbortController().signal };

interface Options {
  stdout?: string | Uint8Array;
  truncated?: boolean;
  manifest?: ServiceManifest;
  folder?: string;
  objects?: (it: MemoryObjects) => MemoryObjects;
}

async function collect({
  stdout = "",
  truncated = false,
  manifest = manifestOf(),
  folder,
  objects: wrap,
}: Options) {
  const clock = createFakeClock();
  const stored = createMemoryObjects(clock, "drover");
  const objects = wrap === undefined ? stored : wrap(stored);
  const tools = { files: systemFiles, objects, clock, random: createSeededRandom() };
  const run = { stdout: Buffer.from(stdout), truncated };
  return {
    output: await collectOutput(tools, run, manifest, folder, ATTEMPT),
    stored: stored.stored,
  };
}

/** A folder with files of these contents. */
async function folderOf(files: Record<string, string>): Promise<string> {
  const folder = await tempFolder();
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

const sha256 = (content: string) => createHash("sha256").update(content).digest("hex");

describe("stdout", () => {
  test("stands in the document up to 256 KiB", async () => {
    const text = "x".repeat(256 * 1024);
    const { output, stored } = await collect({ stdout: text });
    expect(output).toEqual({ ok: true, rawOutput: { encoding: "none", content: text }, artifacts: [] });
    expect(stored.size).toBe(0);
  });

  test("is an artifact beyond that", async () => {
    const text = "x".repeat(256 * 1024 + 1);
    const { output, stored } = await collect({ stdout: text });
    const key = "artifacts/m-1/g0/a-1/stdout.txt";
    expect(output).toEqual({
      ok: true,
      artifacts: [
        {
          name: "stdout.txt",
          href: `s3://drover/${key}`,
          bytes: text.length,
          sha256: sha256(text),
          type: "text/plain; charset=utf-8",
        },
      ],
    });
    expect(stored.get(key)?.body.toString()).toBe(text);
  });

  test.each([10, 300_000])("that was cut is flagged (%s bytes kept)", async (bytes) => {
    const { output } = await collect({ stdout: "x".repeat(bytes), truncated: true });
    expect(output).toMatchObject({ ok: true, rawOutput: { truncated: true } });
  });

  test("with bytes that XML cannot carry is base64", async () => {
    const bytes = Buffer.from([0x1b, 0x5b, 0x33, 0x31, 0x6d, 0x00]);
    const { output } = await collect({ stdout: bytes });
    expect(output).toMatchObject({ rawOutput: { encoding: "base64", content: bytes.toString("base64") } });
  });
});

const longName = (i: number) => `${"n".repeat(190)}${i}.json`;

describe("files", () => {
  test("become artifacts, under the attempt's id, with their hash and type", async () => {
    const folder = await folderOf({ "faces/1.png": "PNG", "report.json": "{}", "data.bin": "" });
    const { output, stored } = await collect({ folder });
    if (!output.ok) throw new Error("It is fine.");
    expect(
      output.artifacts
        .map(({ name, type, bytes }) => ({ name, type, bytes }))
        .toSorted((a, b) => a.name.localeCompare(b.name)),
    ).toEqual([
      { name: "data.bin", type: "application/octet-stream", bytes: 0 },
      { name: "faces/1.png", type: "image/png", bytes: 3 },
      { name: "report.json", type: "application/json", bytes: 2 },
    ]);
    for (const it of output.artifacts) {
      const kept = stored.get(it.href.replace("s3://drover/", ""));
      expect(
        createHash("sha256")
          .update(kept?.body ?? "none")
          .digest("hex"),
      ).toBe(it.sha256);
    }
  });

  test("called like the artifact of stdout keep their own content", async () => {
    const folder = await folderOf({ "stdout.txt": "mine" });
    const { output, stored } = await collect({ folder, stdout: "x".repeat(300_000) });
    if (!output.ok) throw new Error("It is fine.");
    expect(new Set(output.artifacts.map((it) => it.href)).size).toBe(2);
    for (const it of output.artifacts) {
      const body = stored.get(it.href.replace("s3://drover/", ""))?.body ?? Buffer.alloc(0);
      expect(createHash("sha256").update(body).digest("hex")).toBe(it.sha256);
    }
  });

  test("as many and as long-named as are allowed still make a valid response", async () => {
    const folder = await folderOf(
      Object.fromEntries(Array.from({ length: 100 }, (_, i) => [longName(i), "{}"])),
    );
    const { output } = await collect({ folder, stdout: "\0".repeat(256 * 1024) });
    if (!output.ok) throw new Error("It is fine.");
    const { rawOutput, artifacts } = output;
    const xml = buildResponse({
      service: "echo",
      status: "success",
      messageId: "m-1",
      ...(rawOutput === undefined ? {} : { rawOutput }),
      artifacts,
      message: "Done.",
    });
    expect(validate("response", xml).ok).toBe(true);
    expect(Buffer.byteLength(xml)).toBeLessThan(1024 * 1024 - 8 * 1024);
  });

  test("that are links are refused, wherever they point", async () => {
    for (const target of ["/etc/passwd", ".", "nowhere"]) {
      const folder = await folderOf({ "fine.txt": "x" });
      await symlink(target, join(folder, "link.txt"));
      const { output, stored } = await collect({ folder });
      expect(output).toMatchObject({ ok: false, failure: { code: "output-invalid" } });
      expect(stored.size).toBe(0);
    }
  });

  test.each([".hidden", "a b.txt", "ä.txt", "new\nline", 'quote".txt', "<x>", "a/.b", "%2e%2e", "*"])(
    "of the name %j are refused",
    async (name) => {
      const { output } = await collect({ folder: await folderOf({ [name]: "x" }) });
      expect(output).toMatchObject({ ok: false, failure: { code: "output-invalid" } });
    },
  );

  test("of more than the service's bytes, or more than a hundred, are refused", async () => {
    const manifest = manifestOf({ result: { maxBytes: 10 } });
    const large = await collect({ manifest, folder: await folderOf({ a: "123456", b: "123456" }) });
    expect(large.output).toMatchObject({ ok: false, failure: { code: "output-too-large" } });
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`f${i}`, ""]));
    const { output } = await collect({ folder: await folderOf(many) });
    expect(output).toMatchObject({ ok: false, failure: { code: "output-invalid" } });
  });

  test("are sent again when the store has a hiccup, whole", async () => {
    let failures = 2;
    const { output, stored } = await collect({
      folder: await folderOf({ "a.txt": "content" }),
      objects: (it) => ({
        ...it,
        putStream: async (key, body, options) => {
          for await (const _ of body) if (failures-- > 0) throw new Error("connection reset");
          const whole = systemFiles.readStream("/dev/null");
          await it.putStream(key, whole, options);
        },
      }),
    });
    if (!output.ok) throw new Error("It is fine.");
    expect(output.artifacts[0]?.sha256).toBe(sha256("content"));
    expect(stored.size).toBe(1);
  });

  test("are not sent any more when the lease is gone", async () => {
    const folder = await folderOf({ "a.txt": "x" });
    const objects = createMemoryObjects(createFakeClock());
    const tools = { files: systemFiles, objects, clock: createFakeClock(), random: createSeededRandom() };
    const signal = AbortSignal.abort(new Error("lease lost"));
    const run = { stdout: Buffer.from(""), truncated: false };
    const collecting = collectOutput(tools, run, manifestOf(), folder, { ...ATTEMPT, signal });
    await expect(collecting).rejects.toThrow("lease lost");
    expect(objects.stored.size).toBe(0);
  });
});
