import type { BatchResult } from "../../cloud/ports/queue.ts";
import type { Call, Mishap } from "./faults.ts";
import type { Host, Outcome } from "./host.ts";
import type { Servers } from "./servers.ts";

/** Which of guarantees.md's numbered faults really happened, told from what happened and not from what was planned. */
export class Numbers {
  readonly fired = new Set<number>();
  /** What a host did last for a job: its result stands, or was delivered. */
  readonly #stage = new WeakMap<Host, "committed" | "delivered">();
  readonly #deleted = new Set<string>();

  fire(numbers: readonly number[] = []): void {
    for (const it of numbers) this.fired.add(it);
  }

  mishap(host: Host, { name, port }: Call, mishap: Mishap, isAnyInFlight: boolean): void {
    if (mishap === "answer-lost" && name === "requests.delete") this.fire([5]);
    if (mishap === "expires" && isAnyInFlight) this.fire([8]);
    if (mishap === "twice" && isAnyInFlight) this.fire([6]);
    if (mishap.startsWith("freezes")) this.fire([10]);
    if (mishap.startsWith("clock")) this.fire([15]);
    if (mishap === "fails" && (port === "files" || port === "disk")) this.fire([16]);
    if (mishap === "fails" && (name === "disk.rename" || name === "disk.write")) this.fire([17]);
    if (mishap === "fails" && port === "objects") this.fire([30]);
    if (mishap === "cut-off") this.fire([28]);
    if (mishap === "throttled") this.fire([29]);
    if (port === "store" && !host.dead) this.fire([31]);
  }

  parked(code: string): void {
    if (code === "request-expiring") this.fire([12]);
    if (code === "program-failed") this.fire([14]);
  }

  death(host: Host, servers: Servers): void {
    if ((servers.downloading.get(host) ?? 0) > 0) this.fire([1]);
    if (host.running > 0) this.fire([2, 13]);
    const stage = this.#stage.get(host);
    if (stage === "committed") this.fire([3]);
    if (stage === "delivered") this.fire([4]);
  }

  called(host: Host, { name }: Call, args: readonly unknown[], outcome: Outcome): void {
    if ("error" in outcome) return;
    if (name === "objects.put" && String(args[0]).endsWith("/result")) this.#stage.set(host, "committed");
    if (name === "http.request" && (args[0] as { method: string }).method === "POST")
      this.#stage.set(host, "delivered");
    if (name === "responses.send") this.#stage.set(host, "delivered");
    if (name === "requests.delete") {
      this.#stage.delete(host);
      for (const it of args[0] as string[]) this.#deleted.add(it);
    }
    if (name !== "requests.changeVisibility") return;
    const gone = (outcome.result as BatchResult[]).filter((it) => it.error?.gone);
    if (gone.some((it) => this.#deleted.has(it.receiptHandle))) this.fire([9]);
  }
}
