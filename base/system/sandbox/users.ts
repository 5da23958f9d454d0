import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** Each work folder has a block of numbers of its own, so that agents side by side share none. */
const FIRST_USER = 1_200_000_000;
const BLOCK = 1_024;
const BLOCKS = 500_000;
/** In each slot runs a program, the next one's sandbox is ready, and others may be on their way out. */
const USERS_PER_SLOT = 4;
/** A trial may run while a job does. */
const SPARE_USERS = 2;

/** Numbers of users that exist nowhere else, so that no program can touch another one's files or processes. */
export class UserPool {
  readonly #free: number[];
  readonly #first: number;
  readonly #count: number;

  constructor(first: number, count: number) {
    this.#first = first;
    this.#count = count;
    this.#free = Array.from({ length: count }, (_, n) => first + count - 1 - n);
  }

  take(): number {
    const uid = this.#free.pop();
    if (uid === undefined) throw new Error(`more than ${this.#count} programs run at once`);
    return uid;
  }

  giveBack(uid: number): void {
    this.#free.push(uid);
  }

  has(uid: number): boolean {
    return uid >= this.#first && uid < this.#first + this.#count;
  }
}

/** The users for an agent's programs; undefined where this process may not become somebody else. */
export function usersFor(workDir: string, slots: number): UserPool | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const { count } = userMap();
  if (count < FIRST_USER + BLOCK * BLOCKS) return undefined; // a container with few users of its own
  const block = createHash("sha256").update(workDir).digest().readUInt32BE() % BLOCKS;
  return new UserPool(FIRST_USER + block * BLOCK, Math.min(BLOCK, slots * USERS_PER_SLOT + SPARE_USERS));
}

/** True for the root that the machine's own kernel knows, whom no limit on processes holds up; not for a container's. */
export function isMachinesRoot(): boolean {
  const { inside, outside, count } = userMap();
  return process.getuid?.() === 0 && inside === 0 && outside === 0 && count === ALL_USERS;
}

/** user_namespaces(7): a namespace that was never made maps all users to themselves. */
const ALL_USERS = 2 ** 32 - 1;

function userMap() {
  const [inside, outside, count = 0] = readFileSync("/proc/self/uid_map", "latin1")
    .trim()
    .split(/\s+/)
    .map(Number);
  return { inside, outside, count };
}

/**
 * Arguments of setpriv(1) that make root the user for good.
 * @param readsAll leaves the one right to read and pass through everything
 */
export function userArgs(setpriv: string, uid: number, readsAll = false): string[] {
  const rights = readsAll ? "-all,+dac_read_search" : "-all";
  return [
    setpriv,
    `--reuid=${uid}`,
    `--regid=${uid}`,
    "--clear-groups",
    `--inh-caps=${rights}`,
    `--bounding-set=${rights}`,
    ...(readsAll ? [`--ambient-caps=${rights}`] : []),
    "--",
  ];
}
