import { setImmediate } from "node:timers";
import { AwsError } from "./aws-error.ts";
import type { CloudDatabase } from "./database.ts";

interface Pending {
  committed: () => void;
  failed: (error: unknown) => void;
}

/**
 * One commit for all requests that arrive in one turn of the event loop. Work runs at once and synchronously, so it
 * never interleaves; its answer, a refusal included, is given only when the turn is durable, so that nobody is told of
 * something a crash could take back.
 *
 * An AwsError is an answer like any other and must be thrown before the work's first write. Any other error
 * takes the whole turn back and fails everyone in it.
 */
export class GroupCommit {
  readonly #database: CloudDatabase;
  readonly #beforeCommit: (() => void)[] = [];
  readonly #afterRollback: (() => void)[] = [];
  #pending: Pending[] = [];
  #open = false;
  #broken: unknown = undefined;

  constructor(database: CloudDatabase) {
    this.#database = database;
  }

  /** Runs `work` now; settles with its outcome after the commit. */
  run<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#ensureOpen();
      try {
        const value = work();
        this.settle(() => resolve(value), reject);
      } catch (error) {
        if (!(error instanceof AwsError)) this.#broken ??= error;
        this.settle(() => reject(error), reject);
      }
    });
  }

  /** Only inside work or a before-commit hook: `committed` is called after the commit, else `failed`. */
  settle(committed: () => void, failed: (error: unknown) => void): void {
    this.#pending.push({ committed, failed });
  }

  /** Calls `hook` inside every transaction, as its last step. */
  beforeCommit(hook: () => void): void {
    this.#beforeCommit.push(hook);
  }

  /** Calls `hook` after a rollback, so that what is kept in memory can be read again from the database. */
  afterRollback(hook: () => void): void {
    this.#afterRollback.push(hook);
  }

  /** Commits what is open, now. Used when the cloud closes. */
  flush(): void {
    if (!this.#open) return;
    const failure = this.#finish();
    const settled = this.#pending;
    this.#pending = [];
    for (const { committed, failed } of settled) {
      if (failure === undefined) committed();
      else failed(failure);
    }
  }

  #ensureOpen(): void {
    if (this.#open) return;
    this.#database.beginTurn();
    this.#open = true;
    // Not a wait: the end of this turn, when everything that the sockets had for us has been read.
    setImmediate(() => this.flush());
  }

  #finish(): unknown {
    try {
      if (this.#broken === undefined) for (const hook of this.#beforeCommit) hook();
      if (this.#broken !== undefined) throw this.#broken;
      this.#database.endTurn();
      return undefined;
    } catch (error) {
      this.#broken = undefined;
      this.#database.undoTurn();
      for (const hook of this.#afterRollback) hook();
      return error ?? new Error("the transaction was rolled back");
    } finally {
      this.#open = false;
    }
  }
}
