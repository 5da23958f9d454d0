/** Child processes. Each child leads its own process group, so that the whole group can be stopped. */
export interface SpawnOptions {
  cwd: string;
  /** The complete environment of the child; nothing is inherited. */
  env: Record<string, string>;
  /** Bytes of stdout and stderr kept; what comes after is read and dropped, and flagged. */
  maxStdoutBytes: number;
  maxStderrBytes: number;
  /** What a program that is not trusted may reach and use; without it the child runs as any other. */
  bounds?: Bounds;
}

/** What one job's program may reach and use. Paths are absolute. */
export interface Bounds {
  /** The job's own folder, which no other job's program gets to see. */
  folder: string;
  /** The fetched input, below the folder. */
  input?: string;
  /** Folders below the folder that the program may write to; `cwd` is one of them. */
  writable: readonly string[];
  /** What it may read beside those and the system's programs and libraries. */
  readable: readonly string[];
  network: boolean;
  gpu: boolean;
  /** Of all its processes together; without it the machine's memory. */
  maxMemoryBytes?: number;
  /** Of all files in the writable folders together, and of each one. */
  maxDiskBytes: number;
  /** Processes and threads at the same time. */
  maxProcesses: number;
  /** Processor seconds of each process: what ends a program whose agent is stopped and cannot count. */
  maxCpuS: number;
}

export type Exceeded = "memory" | "disk" | "processes";

export interface ProcessExit {
  /** Exit code, or null when a signal ended the child. */
  code: number | null;
  signal: string | null;
  stdout: Uint8Array;
  stdoutTruncated: boolean;
  /** The last bytes of stderr, which usually say what went wrong. */
  stderrTail: Uint8Array;
  /** The bound that the program broke and was ended for. */
  exceeded?: Exceeded;
  /** The program never ran: why its sandbox could not be set up. */
  notStarted?: string;
}

export interface ChildHandle {
  /** Of the first process that was started for it; 0 when it is not there yet, or gone. */
  readonly pid: number;
  /**
   * Resolves when the child has ended and nothing that it started is left; never rejects. A grandchild that keeps
   * stdout open does not delay it.
   */
  readonly exited: Promise<ProcessExit>;
  /**
   * Resolves as soon as the program itself has ended, while the kernel still takes apart what was made for it. Never
   * rejects. Where it is absent, `exited` says it.
   */
  readonly ended?: Promise<unknown>;
  /**
   * SIGTERM asks the program and what it started to end; SIGKILL ends all of it. Quietly does nothing when it is gone.
   */
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

/** A program that waits for its turn: all that can be done before has been done, or is being done. */
export interface PreparedProgram {
  /** Lets it run, and may be called once. Throws as spawn does. */
  start(): Promise<ChildHandle>;
  /** Instead of start: resolves when nothing of it is left. */
  cancel(): Promise<void>;
}

export interface Processes {
  /** Throws with code `ENOENT` or `EACCES` when the program cannot be started. */
  spawn(argv: readonly string[], options: SpawnOptions): Promise<ChildHandle>;
  /**
   * Makes ready what spawn would start; its folders and its input must be there. Throws as spawn does. Where it is
   * absent, programs start from nothing when their turn comes.
   */
  prepare?(argv: readonly string[], options: SpawnOptions): Promise<PreparedProgram>;
}
