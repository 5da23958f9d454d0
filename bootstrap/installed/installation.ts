/** Where and as what a daemon was installed by bootstrap/boot.sh, which says so in the environment. */
export interface Installation {
  /** DROVER_HOME; what boot.sh keeps there stands at its head. */
  home: string;
  /** The machine's name. During a change two daemons of a kind work for it, in lanes of their own. */
  instance: string;
  /** What this machine is to run: agent, autoscaler, or both. */
  daemons: readonly string[];
  release: string;
  serial: number;
  /** Written when the daemon works. */
  readyFile: string;
}

/** Undefined for a daemon that was started by hand. */
export function installationOf(env: Record<string, string | undefined>): Installation | undefined {
  const {
    DROVER_HOME: home,
    DROVER_INSTANCE: instance,
    DROVER_RELEASE: release,
    DROVER_RELEASE_SERIAL: serial,
    DROVER_READY_FILE: readyFile,
    DROVER_DAEMONS: daemons = "agent",
  } = env;
  if (!home || !instance || !release || !readyFile) return undefined;
  return { home, instance, daemons: daemons.split(" "), release, serial: Number(serial ?? 0), readyFile };
}
