import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { codeOf } from "../../errors.ts";

/**
 * The absolute path of a program, found as execvp(3) finds it. Behind a sandbox nobody would tell a program that is
 * missing from one that fails. Throws with code `ENOENT` or `EACCES`. Synchronous: it is a matter of microseconds.
 */
export function findProgram(name: string, path: string, cwd: string): string {
  if (name.includes("/")) {
    const program = resolve(cwd, name);
    demandExecutable(program);
    return program;
  }
  let denied: unknown;
  for (const folder of path.split(delimiter).filter(isAbsolute)) {
    try {
      demandExecutable(join(folder, name));
      return join(folder, name);
    } catch (error) {
      if (codeOf(error) === "EACCES") denied = error;
    }
  }
  throw denied ?? Object.assign(new Error(`there is no program ${name} on the PATH`), { code: "ENOENT" });
}

function demandExecutable(path: string): void {
  accessSync(path, constants.X_OK);
  if (!statSync(path).isFile()) throw Object.assign(new Error(`${path} is not a file`), { code: "EACCES" });
}
