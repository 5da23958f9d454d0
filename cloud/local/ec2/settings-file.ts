import { readFile } from "node:fs/promises";
import { DroverError, reasonOf } from "../../../base/errors.ts";
import { changedSettings, type Ec2Settings } from "./settings.ts";

/** The settings that a JSON file changes. Throws `ec2-bad-setting`. */
export async function readEc2Settings(file: string): Promise<Partial<Ec2Settings>> {
  try {
    return changedSettings({}, JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    if (error instanceof DroverError) throw error;
    throw new DroverError("ec2-bad-setting", `--ec2 ${file}: ${reasonOf(error)}`, { cause: error });
  }
}
