/**
 * `npm run build`, or `node bootstrap/build.ts FOLDER`: bundles the commands into dist/, or that folder, which then runs
 * without node_modules from anywhere.
 *
 * - One file for each command and one for each part that several of them share: `drover agent` reads nothing of the
 *   embedded cloud. One file for everything is no choice: libxml2-wasm awaits at its top level, and with every module
 *   in one file that wait and the command's own are each other's condition.
 * - All files lie flat in dist/: code finds its schemas beside itself and the installation in the folder above.
 * - Names stay as they are (no minifier): the AWS SDK tells its commands apart by their class names.
 */
import { copyFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { build, type Plugin } from "rolldown";

const root = dirname(import.meta.dirname);
const [, , elsewhere] = process.argv;
const dist = elsewhere ?? join(root, "dist");

/** What code reads from beside itself. */
const SCHEMAS = ["request.xsd", "response.xsd", "service.schema.json"];

/**
 * libxml2-wasm carries its WebAssembly as a string literal of 0.9 MB. As a file of its own it costs neither the
 * scanning of that literal nor the two bytes a character that V8 keeps it with.
 */
function wasmBesideTheCode(): Plugin {
  const literal = /\?\?=\w+\('(\0asm(?:[^'\\]|\\[^])*)'\)/;
  let found: Uint8Array | undefined;
  return {
    name: "wasm-beside-the-code",
    transform: {
      filter: { id: /libxml2raw\.mjs$/ },
      handler: (code) => {
        const [match, text] = literal.exec(code) ?? [];
        if (match === undefined || text === undefined) {
          throw new Error(
            "libxml2raw.mjs no longer holds its WebAssembly as `??=decode('…')`. Adapt bootstrap/build.ts.",
          );
        }
        found = Buffer.from(unescaped(text), "latin1");
        const reading = '??=require("node:fs").readFileSync(new URL("./libxml2.wasm",import.meta.url))';
        return { code: code.replace(match, () => reading), map: { mappings: "" } };
      },
    },
    writeBundle: async () => {
      if (found === undefined) throw new Error("libxml2raw.mjs is not part of the bundle.");
      await writeFile(join(dist, "libxml2.wasm"), found);
    },
  };
}

/** The characters that a JavaScript string literal stands for. */
function unescaped(literal: string): string {
  const short: Record<string, string> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f", v: "\v", "0": "\0" };
  return literal.replaceAll(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|([^]))/gi, (_all, x, u, other: string) => {
    const hex = (x ?? u) as string | undefined;
    return hex === undefined ? (short[other] ?? other) : String.fromCharCode(Number.parseInt(hex, 16));
  });
}

// What an older build left; a folder that was named is not ours to empty.
if (elsewhere === undefined) await rm(dist, { recursive: true, force: true });
const { output } = await build({
  input: { drover: join(root, "bin/drover.ts"), "submit-job": join(root, "bin/submit-job.ts") },
  platform: "node",
  // The SDK's ES modules, not its CommonJS ones: what is not used falls away (a quarter of the agent's start).
  resolve: {
    mainFields: ["module", "main"],
    alias: { undici$: join(root, "bootstrap/undici-core.js") },
  },
  plugins: [wasmBesideTheCode()],
  logLevel: "warn",
  output: {
    dir: dist,
    format: "esm",
    entryFileNames: "[name].mjs",
    chunkFileNames: "[name]-[hash].mjs",
    sourcemap: true,
    minify: false,
  },
});
await Promise.all(SCHEMAS.map((name) => copyFile(join(root, "schemas", name), join(dist, name))));
const bytes = output.reduce((sum, it) => sum + (it.type === "chunk" ? Buffer.byteLength(it.code) : 0), 0);
process.stdout.write(`${dist}: ${output.length} files, ${(bytes / 1e6).toFixed(1)} MB of code\n`);
