import { reasonOf } from "../../base/errors.ts";
import type { Files } from "../../base/files.ts";
import type { ServiceManifest } from "../../schemas/service.ts";
import { parseManifest } from "../../schemas/service-manifest.ts";

/** A service as this machine sees it. */
export interface OfferedService {
  manifest: ServiceManifest;
  /** The absolute folder of its service.yaml. */
  folder: string;
  /** Why this machine cannot run it; empty when it can. */
  missing: readonly string[];
}

/** What this machine knows: every service of the folder, and what was wrong with the broken ones. */
export interface Catalog {
  services: ReadonlyMap<string, OfferedService>;
  /** By name: why a service.yaml that is there cannot be used. */
  broken: ReadonlyMap<string, string>;
}

export interface Machine {
  /** `x64`, `arm64`. */
  architecture: string;
  /** The folders programs are looked up in. */
  path: readonly string[];
}

/** Reads every `<folder>/<name>/service.yaml`. A broken one is a problem, never a reason not to start. */
export async function readCatalog(files: Files, folder: string, machine: Machine): Promise<Catalog> {
  const services = new Map<string, OfferedService>();
  const broken = new Map<string, string>();
  for (const entry of await files.list(folder)) {
    const own = `${folder}/${entry.name}`;
    const path = `${own}/service.yaml`;
    if ((await files.size(path)) === undefined) continue;
    try {
      const manifest = parseManifest(new TextDecoder().decode(await files.read(path)), path);
      if (manifest.name !== entry.name) {
        broken.set(
          entry.name,
          `${path}: the name ${manifest.name} must be the folder's name, ${entry.name}.`,
        );
        continue;
      }
      services.set(manifest.name, {
        manifest,
        folder: own,
        missing: await missing(files, manifest, own, machine),
      });
    } catch (error) {
      broken.set(entry.name, reasonOf(error));
    }
  }
  return { services, broken };
}

async function missing(
  files: Files,
  manifest: ServiceManifest,
  folder: string,
  machine: Machine,
): Promise<string[]> {
  const { programs, files: needed, architectures } = manifest.requires;
  const found: string[] = [];
  if (architectures.length > 0 && !architectures.includes(machine.architecture)) {
    found.push(`it runs on ${architectures.join(", ")}, this machine is ${machine.architecture}`);
  }
  for (const program of programs) {
    const sizes = await Promise.all(machine.path.map((it) => files.exists(`${it}/${program}`)));
    if (!sizes.includes(true)) found.push(`the program ${program} is not on the PATH`);
  }
  for (const file of needed) {
    if (await files.exists(`${folder}/${file}`)) continue;
    const how = manifest.install ? `; run \`${manifest.install.join(" ")}\` in ${folder}` : "";
    found.push(`${file} is not there${how}`);
  }
  return found;
}
