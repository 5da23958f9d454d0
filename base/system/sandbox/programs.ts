import { access, constants, realpath, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join, resolve } from "node:path";
import { codeOf } from "../../errors.ts";

/**
 * The absolute path of a program, found as execvp(3) finds it. Behind a sandbox nobody would tell a program that is
 * missing from one that fails. Throws with code `ENOENT` or `EACCES`.
 */
export async function findProgram(name: string, path: string, cwd: string): Promise<string> {
  if (name.includes("/")) {
    const program = resolve(cwd, name);
    await executable(program);
    return program;
  }
  let denied: unknown;
  for (const folder of path.split(delimiter).filter(isAbsolute)) {
    try {
      await executable(join(folder, name));
      return join(folder, name);
    } catch (error) {
      if (codeOf(error) === "EACCES") denied = error;
    }
  }
  throw denied ?? Object.assign(new Error(`there is no program ${name} on the PATH`), { code: "ENOENT" });
}

async function executable(path: string): Promise<void> {
  await access(path, constants.X_OK);
  const real = await stat(await realpath(path));
  if (!real.isFile()) throw Object.assign(new Error(`${path} is not a file`), { code: "EACCES" });
}
