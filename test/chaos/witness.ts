/** Something that may leave an agent, or us, without knowing what came of a call. */
export type Trouble = "killed" | "stopped" | "cut" | "refused";

/** A claim of an agent on the delivery of a job's result, as its way to the cloud saw it. */
interface Claiming {
  agent: number;
  at: number;
}

const CLAIM = /^PUT \/drover\/jobs\/([^/]+)\/g0\/(?:result|claim)\b/;
/** A callback's way to its receiver, and back to the agent; the agent's write of what it knows, with all its tries. */
const BEFORE_MS = 5_000;
const AFTER_MS = 20_000;

/** What stood between the agents and the cloud saw: who asked for the right to deliver which job, and what was done to whom. */
export class Witness {
  readonly #claims = new Map<string, Claiming[]>();
  readonly #troubles = new Map<number, number[]>();
  readonly counts: Record<Trouble, number> = { killed: 0, stopped: 0, cut: 0, refused: 0 };

  saw(agent: number, call: string): void {
    const id = CLAIM.exec(call)?.[1];
    if (id === undefined) return;
    const known = this.#claims.get(id) ?? [];
    known.push({ agent, at: Date.now() });
    this.#claims.set(id, known);
  }

  trouble(agent: number, what: Trouble): void {
    this.counts[what]++;
    const known = this.#troubles.get(agent) ?? [];
    known.push(Date.now());
    this.#troubles.set(agent, known);
  }

  /**
   * Whether a delivery after one that was accepted at `acceptedAt` has a cause: around that moment something happened to
   * the agent that made it, so that it may not have heard, or not have been able to say so.
   */
  explains(id: string, acceptedAt: number, repeatedAt: number): boolean {
    const claims = this.#claims.get(id) ?? [];
    // Who delivered is whoever claimed last before; a claim may be refused, so the one before counts as well.
    const suspects = claims.filter((it) => it.at <= acceptedAt).slice(-2);
    const until = Math.min(repeatedAt, acceptedAt + AFTER_MS);
    return suspects.some(({ agent }) =>
      (this.#troubles.get(agent) ?? []).some((at) => at >= acceptedAt - BEFORE_MS && at <= until),
    );
  }
}
