import { verifyIdentity } from "../../jobs/identity.ts";
import { FLEET_KEY } from "./kinds.ts";
import type { World } from "./world.ts";

/** A dead letter is for people: it says whose it is, why it lies there and where that happened, and somebody was called. */
export function letterFaults(world: World): string[] {
  const { ledger, machines, alarms } = world;
  const hosts = new Set(machines.map(({ host }) => host.name));
  return ledger.passings.flatMap(({ queue, event, id, message: { attributes, body } }) => {
    if (queue !== "dead" || event !== "sent") return [];
    const code = attributes["drover-code"] ?? "";
    const faults: string[] = [];
    if (verifyIdentity({ body, attributes }, FLEET_KEY) === undefined) faults.push("is not signed");
    if (code === "" || (attributes["drover-reason"] ?? "") === "") faults.push("does not say why");
    if (!hosts.has(attributes["drover-instance"] ?? "")) faults.push("does not say where");
    const [job] = id.split(".");
    const isKnown = alarms.some((it) => it.job === job && it.code === code && it.event === "parked");
    // A machine in trouble may be gone before it could call anybody.
    if (!isKnown && world.isCalm) faults.push("raised no alarm");
    return faults.map((it) => `the dead letter of ${id} ${it}`);
  });
}
