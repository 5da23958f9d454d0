import { closeSync, constants, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable } from "node:stream";

const { O_NONBLOCK, O_RDONLY, O_RDWR } = constants;

/** This process' ends of the pipes of one start, see starter-script.ts. */
export class Channel {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly status: Readable;
  /** Resolves when no more will come on any of them. */
  readonly closed: Promise<void>;
  readonly #path: string;
  readonly #go: number;
  #open = 3;

  /** @param path of the files, without their endings; the pipes are there */
  constructor(path: string, words: readonly string[], more: readonly string[]) {
    this.#path = path;
    // A new file each time: emptying one that is full makes ext4 write it to the disk first.
    rmSync(`${path}.words`, { force: true });
    writeFileSync(`${path}.words`, [words.length, ...words, ...more, ""].join("\0"), {
      flag: "wx",
      mode: 0o600,
    });
    this.#go = openSync(`${path}.go`, O_RDWR | O_NONBLOCK);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    const onClose = () => {
      if (--this.#open > 0) return;
      closeSync(this.#go);
      resolve();
    };
    [this.stdout, this.stderr, this.status] = ["out", "err", "status"].map((end) => {
      const fd = openSync(`${path}.${end}`, O_RDONLY | O_NONBLOCK);
      // Its error is an end, too, and says nothing about the program.
      return new Socket({ fd, writable: false }).on("error", () => undefined).once("close", onClose);
    }) as [Socket, Socket, Socket];
  }

  /** Lets what was started begin. Nothing happens when it is gone. */
  go(): void {
    if (this.#open > 0) writeSync(this.#go, "g");
  }

  destroy(): void {
    for (const stream of [this.stdout, this.stderr, this.status]) stream.destroy();
  }

  /** No process has the other ends any more, so the pipes may serve another start. */
  get isDrained(): boolean {
    return [this.stdout, this.stderr, this.status].every((it) => it.readableEnded);
  }

  removeFiles(): void {
    for (const end of ["out", "err", "status", "go", "words"])
      rmSync(`${this.#path}.${end}`, { force: true });
  }
}
