/** Child processes. Each child leads its own process group, so that the whole group can be stopped. */
export interface SpawnOptions {
  cwd: string;
  /** The complete environment of the child; nothing is inherited. */
  env: Record<string, string>;
  /** Bytes of stdout and stderr kept; what comes after is read and dropped, and flagged. */
  maxStdoutBytes: number;
  maxStderrBytes: number;
}

export interface ProcessExit {
  /** Exit code, or null when a signal ended the child. */
  code: number | null;
  signal: string | null;
  stdout: Uint8Array;
  stdoutTruncated: boolean;
  /** The last bytes of stderr, which usually say what went wrong. */
  stderrTail: Uint8Array;
}

export interface ChildHandle {
  readonly pid: number;
  /** Resolves when the child has ended; never rejects. A grandchild that keeps stdout open does not delay it. */
  readonly exited: Promise<ProcessExit>;
  /** Sends the signal to the whole process group; quietly does nothing when the group is gone. */
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

export interface Processes {
  /** Throws with code `ENOENT` or `EACCES` when the program cannot be started. */
  spawn(argv: readonly string[], options: SpawnOptions): Promise<ChildHandle>;
}
