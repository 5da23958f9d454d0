import { resolve } from "node:path";
import { root } from "../../../base/system/root.ts";
import { buildRelease, type BuiltRelease } from "../../../bootstrap/release/assemble.ts";

export interface BuildFlags {
  services: string;
  packages?: string;
  out: string;
}

/** Builds this checkout. Throws `release-build`, `release-file`. */
export async function build({ services, packages, out }: BuildFlags): Promise<BuiltRelease> {
  return await buildRelease({
    root,
    servicesDir: resolve(services),
    packages: (packages ?? "").split(",").filter((it) => it !== ""),
    out: resolve(out),
  });
}
