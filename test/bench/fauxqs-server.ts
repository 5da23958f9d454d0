import { Server } from "node:net";
import { DatabaseSync } from "node:sqlite";
import { startFauxqs } from "fauxqs";

// As the embedded cloud does it: on the loopback only, and with the same durability (what was answered survives a kill -9
// of the process; no wait for the disk at each commit).
wrap(Server.prototype, "listen", (original, self, args) => {
  const [options] = args;
  if (typeof options === "object" && options !== null && "host" in options) options.host = "127.0.0.1";
  return Reflect.apply(original, self, args);
});
wrap(DatabaseSync.prototype, "exec", (original, self, args) => {
  Reflect.apply(original, self, args);
  if (/journal_mode/i.test(String(args[0]))) Reflect.apply(original, self, ["PRAGMA synchronous = NORMAL"]);
});

type Method = (...args: unknown[]) => unknown;

function wrap(
  target: object,
  name: string,
  around: (original: Method, self: unknown, args: unknown[]) => unknown,
): void {
  const original = Reflect.get(target, name) as Method;
  Reflect.set(target, name, function wrapped(this: unknown, ...args: unknown[]) {
    return around(original, this, args);
  });
}

const [, , dataDir = ""] = process.argv;
const server = await startFauxqs({ port: 0, logger: false, dataDir });
process.stdout.write(`${JSON.stringify({ endpoint: `http://127.0.0.1:${server.port}` })}\n`);
