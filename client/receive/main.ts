import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { DroverError, codeOf, reasonOf } from "../../base/errors.ts";
import { systemClock } from "../../base/system/clock.ts";
import { systemFiles } from "../../base/system/files.ts";
import { systemRandom } from "../../base/system/random.ts";
import { EXIT } from "../exit.ts";
import { plain } from "../../base/plain.ts";
import { checkSecret } from "../webhook.ts";
import { readReceiveCommand } from "./command.ts";
import type { ReceiveSettings } from "./command.ts";
import { openInbox } from "./inbox.ts";
import { startReceiver } from "./server.ts";
import type { ReceiverEvent } from "./server.ts";

/** `drover receive`: takes callbacks until a signal, or until --count results are stored. Never rejects. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const settings = readReceiveCommand(argv, process.env, (text) => void process.stdout.write(text));
    if (settings === undefined) return EXIT.ok;
    for (const secret of settings.secrets) checkSecret(secret);
    await receiveUntilDone(settings);
    return EXIT.ok;
  } catch (error) {
    const code = error instanceof DroverError ? error.code : "receiver-failed";
    const hint = codeOf(error) === "EADDRINUSE" ? " Choose another --port." : "";
    process.stderr.write(`${code}: ${reasonOf(error)}${hint}\n`);
    return /^(flag|webhook-secret)-/.test(code) ? EXIT.usage : EXIT.cloud;
  }
}

async function receiveUntilDone(settings: ReceiveSettings): Promise<void> {
  const { host, port, secrets, account, json } = settings;
  const folder = resolve(settings.folder);
  const inbox = await openInbox(folder, { files: systemFiles, random: systemRandom, syncFolder });
  const done = Promise.withResolvers<void>();
  let stored = 0;
  const onEvent = (event: ReceiverEvent) => {
    print(event, json);
    if (event.event === "stored" && ++stored === settings.count) done.resolve();
  };
  const options = {
    host,
    port,
    secrets,
    inbox,
    clock: systemClock,
    onEvent,
    ...(account ? { account } : {}),
  };
  const receiver = await startReceiver(options);
  const stop = () => done.resolve();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
  const ready = { event: "ready", url: receiver.url, dir: folder };
  process.stdout.write(
    json ? `${JSON.stringify(ready)}\n` : `Listening on ${receiver.url}, storing in ${folder}\n`,
  );
  await done.promise;
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.removeListener(signal, stop);
  await receiver.close();
}

function print(event: ReceiverEvent, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(event)}\n`);
    return;
  }
  if ("code" in event) {
    process.stderr.write(`${event.code}: ${plain(event.message)} (answered ${event.httpStatus})\n`);
    return;
  }
  const line = `${event.event} ${event.messageId} ${event.status} ${event.bytes} bytes ${event.file}\n`;
  process.stdout.write(line);
  if (event.event === "conflict") {
    process.stderr.write(
      `callback-conflict: A call came with an id that had brought other bytes before; both documents are kept, ` +
        `the new one in ${event.file}. Find out who sent it.\n`,
    );
  }
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, "r");
  await folder.sync();
}
