/** Where and as what an agent was installed by bootstrap/boot.sh, which says so in the environment. */
export interface Installation {
  /** DROVER_HOME; what boot.sh keeps there stands at its head. */
  home: string;
  /** The machine's name. During a change two agents work for it, in lanes of their own. */
  instance: string;
  release: string;
  serial: number;
  /** Written when the agent polls and its first status row is in the store. */
  readyFile: string;
}

/** Undefined for an agent that was started by hand. */
export function installationOf(env: Record<string, string | undefined>): Installation | undefined {
  const {
    DROVER_HOME: home,
    DROVER_INSTANCE: instance,
    DROVER_RELEASE: release,
    DROVER_RELEASE_SERIAL: serial,
    DROVER_READY_FILE: readyFile,
  } = env;
  if (!home || !instance || !release || !readyFile) return undefined;
  return { home, instance, release, serial: Number(serial ?? 0), readyFile };
}
