import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { createServer } from "node:net";
import { DroverError } from "../errors.ts";

/**
 * Takes a folder for this process alone, until the returned function is called or the process is gone, however it
 * went: the lock is an abstract Unix socket, which the kernel frees itself, so none is ever stale.
 * Throws `folder-in-use`.
 */
export function lockFolder(folder: string): Promise<() => void> {
  const name = createHash("sha256").update(realpathSync(folder)).digest("hex");
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new DroverError(
          "folder-in-use",
          `Another process of Drover works in ${folder}. Give this one a folder of its own.`,
          {
            cause,
          },
        ),
      ),
    );
    server.listen(`\0drover-${name}`, () => {
      server.unref();
      resolve(() => server.close());
    });
  });
}
