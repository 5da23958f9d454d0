import { loadSettings } from "../base/system/settings.ts";
import { root } from "../base/system/root.ts";
import { main as cloud } from "../cloud/local/main.ts";

/** `drover cloud`: the embedded cloud, with the fleet's own queues and bucket unless others are named. */
export function main(argv: string[]): Promise<number> {
  const named = argv.some((it) => it.startsWith("--queue") || it.startsWith("--bucket"));
  if (named || argv.includes("env")) return cloud(argv);
  const { queues, bucket } = loadSettings(root, undefined, {});
  const names = [queues.dead, `${queues.requests}=${queues.dead}`, queues.responses, queues.deliveries];
  return cloud([...argv, ...names.flatMap((it) => ["--queue", it]), "--bucket", bucket]);
}
