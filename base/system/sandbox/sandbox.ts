import type { Bounds, SpawnOptions } from "../../processes.ts";
import type { Running } from "./running.ts";
import type { UserPool } from "./users.ts";

/**
 * `bubblewrap`: own file system, processes, network, users. `pid-namespace`: own processes and network, the machine's
 * files. `process-group`: the machine's everything; what is left behind is looked for.
 */
export type SandboxKind = "bubblewrap" | "pid-namespace" | "process-group";

export interface ConfinedOptions extends SpawnOptions {
  bounds: Bounds;
}

/** What is to be started so that the program runs confined. */
export interface Launch {
  argv: readonly string[];
  env: Record<string, string>;
  /** The sandbox reports on this descriptor, as JSON lines, what it started and how it ended. */
  statusFd?: number;
  /**
   * How many generations below the process that is started stands the first process of the job's own namespace, which
   * takes all others with it when it ends.
   */
  initDepth?: number;
  /** A file to be open for reading on this descriptor. */
  file?: { fd: number; path: string };
  /** Limits that a keeper sets before, see limits.ts. */
  limits?: string;
  /** Further arguments, which the program reads from descriptor 7: in the command line everybody would see them. */
  more?: readonly string[];
}

/** What was started and waits for its sign. */
export interface Begun extends Running {
  go(): void;
}

/** A process that starts programs in this one's place. */
export interface Starter {
  /** To be called when the sandbox is ready. Rejects when the machine has no room for it. */
  begin(launch: Launch, cwd: string): Promise<Begun>;
}

export interface Sandbox {
  readonly kind: SandboxKind;
  /** Why it is not a stronger one; undefined for the strongest. */
  readonly weakness?: string;
  /** The users that programs run as, one for each at a time; undefined: the agent's own. */
  readonly users?: UserPool;
  /** What starts its programs; without it this process does. */
  readonly starter?: Starter;
  /** To be awaited before each launch. Rejects with the reason when it does not work any more. */
  ready?(): Promise<void>;
  close?(): void;
  /** `argv[0]` is absolute. */
  launch(argv: readonly string[], options: ConfinedOptions, uid: number | undefined): Launch;
}
