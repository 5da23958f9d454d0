import type { InstanceView, Snapshot } from "../snapshot.ts";
import { instanceView, type Knowledge } from "./instance-view.ts";
import type { Machine } from "./machines.ts";
import type { Intent } from "./record.ts";
import { isFresh } from "./reports.ts";
import type { Readings } from "./senses.ts";
import type { WorkSeen } from "./work-seen.ts";

interface Parts {
  readings: Readings;
  knowledge: Knowledge;
  machines: readonly Machine[];
  /** Instances that were asked for and have no name yet, by the token of their launch. */
  expected: ReadonlyMap<string, number>;
  intents: readonly Intent[];
  work: WorkSeen;
}

/** Undefined as long as instances or rows were never read: nothing can be said of the fleet then. */
export function buildSnapshot(parts: Parts): Snapshot | undefined {
  const { readings, knowledge, machines, work } = parts;
  const { nowS, reports, ledgers } = knowledge;
  const { rows, instances, requests } = readings;
  if (rows === undefined || instances === undefined) return undefined;
  const views = [...machines.map((machine) => instanceView(machine, knowledge)), ...expectedViews(parts)];
  const alive = reports.all.filter((it) => isFresh(it, nowS));
  const asleep = alive.reduce((sum, report) => sum + report.asleep, 0);
  const visible = (requests?.value.visible ?? 0) + dueDeliveries(readings, views.length);
  const arrived = work.arrived(nowS, visible, asleep);
  const sent = alive.flatMap(({ oldestSentAt }) => (oldestSentAt === undefined ? [] : [oldestSentAt / 1000]));
  return {
    atS: nowS,
    ...(requests === undefined
      ? {}
      : {
          queue: {
            readAtS: requests.atS,
            visible,
            inFlight: requests.value.inFlight,
            delayed: requests.value.delayed,
            asleep: Math.min(asleep, requests.value.inFlight),
            ...(sent.length === 0 ? {} : { oldestSentAtS: Math.min(...sent) }),
          },
        }),
    services: work.services(arrived),
    instances: views,
    // A view is made of both, and is as old as the older one.
    instancesReadAtS: Math.min(instances.atS, rows.atS),
    pools: [...ledgers.values()].map((ledger) => ledger.view()),
  };
}

/** Callbacks that are due and nobody takes hold no slot; but with no instance at all one has to come for them. */
function dueDeliveries({ deliveries }: Readings, instances: number): number {
  return instances === 0 ? Math.min(1, deliveries?.value.visible ?? 0) : 0;
}

/** Launches whose answer is not there yet count as instances that boot: they must not be asked for twice. */
function expectedViews({ intents, expected, knowledge }: Parts): InstanceView[] {
  return intents.flatMap((intent) => {
    if (intent.kind !== "launch") return [];
    const slots = knowledge.ledgers.get(intent.pool)?.slots ?? 1;
    return Array.from({ length: expected.get(intent.token) ?? 0 }, (_, at): InstanceView => ({
      id: `${intent.token}#${at}`,
      pool: intent.pool,
      state: "booting",
      launchedAtS: knowledge.nowS,
      slots,
      inFlight: 0,
    }));
  });
}
