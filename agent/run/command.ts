import type { ServiceManifest } from "../../schemas/service.ts";

/** What a manifest's placeholders stand for in one job. */
export interface Places {
  /** Undefined for a service without input. */
  input: string | undefined;
  outputDir: string;
  serviceDir: string;
  node: string;
  cpus: number;
}

/**
 * The program's argument vector. The parameters' flags stand where `{parameters}` does, else at the end. Nothing
 * here ever meets a shell.
 */
export function commandOf(manifest: ServiceManifest, args: readonly string[], places: Places): string[] {
  const values: Record<string, string> = {
    input: places.input ?? "",
    outputDir: places.outputDir,
    serviceDir: places.serviceDir,
    node: places.node,
    cpus: String(places.cpus),
  };
  const command = manifest.command.includes("{parameters}")
    ? manifest.command
    : [...manifest.command, "{parameters}"];
  return command.flatMap((part) => (part === "{parameters}" ? args : [fill(part, values)]));
}

function fill(part: string, values: Record<string, string>): string {
  return part.replaceAll(/\{(\w+)\}/g, (placeholder, name: string) => values[name] ?? placeholder);
}

/** The program's whole environment: nothing of the agent's own, credentials least of all. */
export function environmentOf(manifest: ServiceManifest, path: string, home: string): Record<string, string> {
  const fixed = { PATH: path, HOME: home, TMPDIR: home, LANG: "C.UTF-8" };
  return { ...fixed, ...manifest.env };
}
