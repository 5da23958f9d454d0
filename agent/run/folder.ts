import type { Files } from "../../base/files.ts";
import type { SpawnOptions } from "../../base/processes.ts";
import type { JobRequest } from "../../schemas/request.ts";
import type { OfferedService } from "../admit/catalog.ts";
import type { AgentSettings } from "../context.ts";
import { boundsOf } from "./bounds.ts";
import { commandOf, environmentOf } from "./command.ts";

/** Where one job's files lie; all of it goes when the job ends. */
export interface JobFolder {
  root: string;
  /** The program's working directory, home and place for temporary files. */
  work: string;
  /** Where the input is to be written; undefined without one. */
  input: string | undefined;
  /** Whose files become artifacts; undefined when the service produces none. */
  output: string | undefined;
  /** The program's arguments, and how it is to be started in this folder. */
  command(settings: AgentSettings, args: readonly string[]): { argv: string[]; place: Place };
}

/** Where and in what environment a program starts, and its bounds. */
export type Place = Pick<SpawnOptions, "cwd" | "env" | "bounds">;

/** Creates what is planned. */
export async function makeFolder(files: Files, { work, output }: JobFolder): Promise<void> {
  await files.makeFolder(work);
  if (output !== undefined) await files.makeFolder(output);
}

export function planFolder(
  jobsDir: string,
  attemptId: string,
  job: { service: OfferedService; request: JobRequest },
): JobFolder {
  const { manifest, folder: serviceDir } = job.service;
  const root = `${jobsDir}/${attemptId}`;
  const work = `${root}/work`;
  const output =
    manifest.result.kind === "files" || manifest.command.some((part) => part.includes("{outputDir}"))
      ? `${root}/output`
      : undefined;
  const { input: asked } = job.request;
  const input = asked === undefined ? undefined : `${root}/input${extensionOf(asked.href)}`;
  return {
    root,
    work,
    input,
    output,
    command: (settings, args) => {
      const { node, cpusPerSlot: cpus, path } = settings;
      const writable = output === undefined ? [work] : [work, output];
      return {
        argv: commandOf(manifest, args, { input, outputDir: output ?? work, serviceDir, node, cpus }),
        place: {
          cwd: work,
          env: environmentOf(manifest, path, work),
          bounds: boundsOf(manifest, serviceDir, { folder: root, input, writable }, settings),
        },
      };
    },
  };
}

/** Many programs go by it; only a tame one is kept. */
function extensionOf(href: string): string {
  const path = href.replace(/[?#].*$/s, "");
  return /\.[A-Za-z0-9]{1,8}$/.exec(path)?.[0] ?? "";
}
