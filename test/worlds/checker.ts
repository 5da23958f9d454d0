import { deliveryFaults } from "./deliveries.ts";
import { letterFaults } from "./letters.ts";
import { repeatFaults } from "./repeats.ts";
import { type Attempt } from "./servers.ts";
import { unshipped } from "./shipped.ts";
import { resultOf, type SentJob } from "./ledger.ts";
import { type End, FLEET_KEY, FLEET_SECRETS, PLANTED } from "./kinds.ts";
import type { World } from "./world.ts";

/** What a job and generation came to, told from what its client, the queues and the bucket hold. */
interface Outcome {
  /** Callbacks, oldest first. */
  attempts: readonly Attempt[];
  /** Bodies that reached the client, whichever way. */
  bodies: readonly string[];
  /** The status that the client accepted, or undefined. */
  told: string | undefined;
  /** Why, when that was a failure. */
  code: string | undefined;
  /** Codes of its dead letters. */
  parked: readonly string[];
}

/**
 * The invariants of guarantees.md, checked from outside when a world has come to rest. Empty when all hold. Knows what was sent,
 * what arrived at the clients' servers and queues, what lies in the cloud, and what was done to the machines; nothing
 * of what the agents think.
 */
export function brokenInvariants(world: World): string[] {
  const found = [...world.ledger.wrongs];
  const known = new Set<string>();
  for (const job of world.ledger.jobs) {
    for (let generation = 0; generation < job.generations; generation++) {
      const id = generation === 0 ? job.id : `${job.id}.g${generation}`;
      known.add(id);
      const outcome = outcomeOf(world, job, id);
      const problems = [
        ...ending(world, job, outcome, generation),
        ...distinctBodies(world, id, outcome),
        ...repeatFaults(world, job, id, outcome.attempts),
        ...deletes(world, job, id),
        ...deliveryFaults(world, job, id),
      ];
      found.push(...problems.map((it) => `${it} (job ${job.n}, ${job.kind.name}, ${id})`));
    }
    found.push(...runs(world, job).map((it) => `${it} (job ${job.n}, ${job.kind.name})`));
  }
  return [
    ...found,
    ...strangers(world, known),
    ...letterFaults(world),
    ...unshipped(world),
    ...leftovers(world),
    ...leaks(world),
  ];
}

function outcomeOf(
  { servers, cloud: { queues, objects }, ledger }: World,
  job: SentJob,
  id: string,
): Outcome {
  const attempts = servers.attempts.filter((it) => it.id === id);
  const accepted = attempts.filter((it) => it.status !== undefined && it.status < 300).map((it) => it.body);
  const queued = queues.responses.messages.filter((it) => ledger.idOf(it) === id).map((it) => it.body);
  const result = objects.stored.get(resultOf(id))?.body.toString();
  const isStored = job.kind.name === "store";
  const reached = [...accepted, ...queued, ...(isStored && result !== undefined ? [result] : [])];
  return {
    attempts,
    bodies: [...attempts.map((it) => it.body), ...queued],
    told: /<response[^>]* status="([a-z]+)"/.exec(reached[0] ?? "")?.[1],
    code: /<error code="([a-z-]+)"/.exec(reached[0] ?? "")?.[1],
    parked: queues.dead.messages
      .filter((it) => ledger.idOf(it) === id)
      .map((it) => it.attributes["drover-code"] ?? ""),
  };
}

/** I1: delivered, rejected or parked, and as its kind must. */
function ending(world: World, job: SentJob, outcome: Outcome, generation: number): string[] {
  const { told, parked } = outcome;
  const { kind } = job;
  const end: End = job.healed && kind.end.parked === "output-undeliverable" ? { told: "success" } : kind.end;
  if (told === undefined && parked.length === 0) {
    const wasReplayed = generation < job.generations - 1; // its letter went on as the next generation
    return wasReplayed || isNobodys(job) ? [] : ["I1: neither delivered, nor rejected, nor parked"];
  }
  if (isExcused(world, job, outcome)) return [];
  const problems: string[] = [];
  const ownTold = job.cancelled && end.told !== undefined && told === "cancelled" ? end.told : told;
  if (ownTold !== end.told) problems.push(`I1: its client heard ${told}, not ${end.told}`);
  const wasTaken = job.generations > 1 || job.healed || job.cancelled;
  const code = parked[0];
  // Who lacks the secret to tell of a cancelled job says so.
  const isUntold = job.cancelled && end.parked === "secret-unknown" && code === "output-undeliverable";
  if (code !== end.parked && !isUntold && !(code === undefined && wasTaken)) {
    problems.push(`I1: parked as ${code}, not ${end.parked}`);
  }
  if (kind.body !== undefined && told === "success" && !kind.body.test(outcome.bodies[0] ?? "")) {
    problems.push(`the response does not hold ${String(kind.body)}`);
  }
  const most = 1 + world.trouble + (world.excusesOverlap ? 2 : 0);
  if (parked.length > most) problems.push(`I1: ${parked.length} dead letters`);
  return problems;
}

/** Where the faults themselves, and not the agents, decide how a job ends. */
function isExcused(world: World, job: SentJob, { told, code, parked }: Outcome): boolean {
  // Budgets are counted by wall clocks: one that jumps may end them early. The job still ends properly.
  if (world.mishaps.has("clock-ahead") || world.mishaps.has("clock-back")) return true;
  // Three machines that went silent with a job in hand look the same whoever's fault it is; so do tries that run at the
  // same time because the queue handed the message out several times, and tries whose record was lost with the bucket.
  if (code === "quarantined" || parked.includes("quarantined"))
    return world.trouble - world.farewells >= 2 || world.excusesOverlap;
  if (code === "input-too-slow" && world.mishaps.has("slow-network")) return true;
  // Nobody was there to end the program in time.
  if (job.kind.name === "deadline" && world.machines.some(({ host }) => host.frozen.length > 0)) return true;
  if (job.cancelled) return told === "cancelled";
  return false;
}

/** Cancelled, and nobody was ever to be told: the result in the bucket is all. */
function isNobodys({ cancelled, kind: { end } }: SentJob): boolean {
  return cancelled && end.told === undefined && end.parked !== "output-undeliverable";
}

/** I3: one body for each job and generation, and it is the one in the bucket. */
function distinctBodies({ cloud: { objects } }: World, id: string, { bodies }: Outcome): string[] {
  const distinct = new Set(bodies);
  if (distinct.size > 1) return [`I3: ${distinct.size} different bodies`];
  const [body] = distinct;
  if (body === undefined || body === objects.stored.get(resultOf(id))?.body.toString()) return [];
  return ["I3: what was delivered is not what lies in the bucket"];
}

/** I5: a message goes only when what it stands for is durable elsewhere. */
function deletes(world: World, job: SentJob, id: string): string[] {
  const { ledger, servers } = world;
  const problems: string[] = [];
  for (const { queue, event, at, hadResult, id: of } of ledger.passings) {
    if (of !== id || event !== "deleted" || queue === "responses" || queue === "dead") continue;
    const isBefore = (moment: number | undefined) => moment !== undefined && moment <= at;
    const isStored = job.kind.name === "store" || isNobodys(job);
    const isSafe =
      servers.attempts.some(
        (it) => it.id === id && it.status !== undefined && it.status < 300 && it.until <= at,
      ) ||
      isBefore(ledger.first("responses", "sent", id)) ||
      isBefore(ledger.first("dead", "sent", id)) ||
      (queue === "requests" && isBefore(ledger.first("deliveries", "sent", id))) ||
      (isStored && hadResult);
    if (!isSafe) problems.push(`I5: deleted from ${queue} before anything durable stood for it`);
  }
  return problems;
}

/** A try is the job's own, or the fault's: never more starts of its program than both explain, and never fewer. */
function runs(world: World, job: SentJob): string[] {
  const { id, kind, runs: ran, ended, cancelled, generations, poisoned } = job;
  if (kind.runs === undefined || cancelled || generations > 1) return [];
  const explained = world.trouble - poisoned - (world.missedBeats === 1 ? 1 : 0);
  const most = kind.runs + explained + (world.excusesOverlap ? Infinity : 0);
  if (ran > most) return [`its program ran ${ran} times, at most ${most} are explained`];
  const letters = world.cloud.queues.dead.messages.filter((it) => world.ledger.idOf(it) === id);
  const codes = new Set(letters.map((it) => it.attributes["drover-code"]));
  // Whatever else went wrong: only runs that the program itself failed count against it.
  if (codes.has("program-failed") && ended < kind.runs) {
    return [`parked after its program failed ${ended} times, not ${kind.runs}`];
  }
  const isEarly =
    world.mishaps.has("clock-ahead") || world.mishaps.has("clock-back") || codes.has("quarantined");
  return ran < kind.runs && !isEarly ? [`its program ran ${ran} times, not ${kind.runs}`] : [];
}

/** I2: nothing arrives, is kept or is parked for a job that nobody sent. */
function strangers(
  { servers, cloud: { queues, objects }, ledger }: World,
  known: ReadonlySet<string>,
): string[] {
  const seen = [
    ...servers.attempts.map((it) => it.id),
    ...queues.responses.messages.map((it) => ledger.idOf(it)),
    ...queues.dead.messages.map((it) => ledger.idOf(it)),
    ...[...objects.stored.keys()].flatMap((key) => {
      const [, job, generation] = /^jobs\/([^/]+)\/g(\d+)\/result$/.exec(key) ?? [];
      return job === undefined ? [] : [generation === "0" ? job : `${job}.g${generation}`];
    }),
  ];
  return [...new Set(seen)]
    .filter((id) => !known.has(id))
    .map((id) => `I2: a result for ${id}, which nobody sent`);
}

/** I6: no process and no file outlives its job. */
function leftovers({ machines, mishaps }: World): string[] {
  return machines.flatMap(({ host, files }) => {
    if (host.dead) return [];
    const left = [...files.contents.keys(), ...files.folders].filter((it) => it.startsWith("/work/jobs/"));
    return [
      ...(host.running > 0 ? [`I6: ${host.running} programs still run on ${host.name}`] : []),
      // A disk that refuses to remove files keeps them until the next start, which sweeps them.
      ...(left.length > 0 && !mishaps.has("remove-failed") ? [`I6: ${left[0]} is left on ${host.name}`] : []),
    ];
  });
}

const CODED = [
  FLEET_KEY.toString("hex"),
  FLEET_KEY.toString("base64"),
  FLEET_SECRETS.webhook,
  ...["dirk:PLANTED-tellnoone", "dirk:PLANTED-mylilsecret", "fleet:PLANTED-login"].map((it) =>
    Buffer.from(it).toString("base64"),
  ),
];

/** I9: no planted secret in a log line, a dead letter's attributes, a response, a status row or the activity log. */
function leaks({ logged, cloud: { queues, objects, logObjects }, machines }: World): string[] {
  const places: [string, readonly string[]][] = [
    ["the log", logged],
    ["the store", [...logObjects.stored.values()].map((it) => it.body.toString())],
    ["a dead letter", queues.dead.messages.map((it) => JSON.stringify(it.attributes))],
    ["a response", queues.responses.messages.flatMap((it) => [it.body, JSON.stringify(it.attributes)])],
    [
      "the bucket",
      [...objects.stored].flatMap(([key, it]) => (key.endsWith("/request") ? [] : [it.body.toString()])),
    ],
    [
      "the disk",
      machines.flatMap(({ files }) => [...files.contents.values()].map((it) => Buffer.from(it).toString())),
    ],
  ];
  return places.flatMap(([where, texts]) => {
    const all = texts.join("\n");
    return all.includes(PLANTED) || CODED.some((it) => all.includes(it))
      ? [`I9: a secret stands in ${where}`]
      : [];
  });
}
