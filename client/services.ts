import { join } from "node:path";
import { DroverError } from "../base/errors.ts";
import type { Files } from "../base/files.ts";
import { parseManifest } from "../schemas/service-manifest.ts";
import type { ServiceManifest } from "../schemas/service.ts";

/**
 * The manifest of a service, from a folder that holds one folder per service.
 * @throws DroverError `service-unknown` when there is no such service, `service-invalid` when its manifest is broken
 */
export async function loadManifest(files: Files, folder: string, service: string): Promise<ServiceManifest> {
  const entries = await files.list(folder);
  const folders = entries.filter((entry) => entry.kind === "folder").map((entry) => entry.name);
  const path = join(folder, service, "service.yaml");
  // The name is looked up among the folders, so that one with dots and slashes reaches no other file.
  if (!folders.includes(service) || (await files.size(path)) === undefined) {
    const known = folders.toSorted().join(", ") || "none";
    throw new DroverError(
      "service-unknown",
      `There is no service ${JSON.stringify(service)} in ${folder} (there: ${known}). Name one of them with --service.`,
    );
  }
  return parseManifest(Buffer.from(await files.read(path)).toString(), path);
}
