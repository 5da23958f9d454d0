import { buildRequest } from "../../schemas/build.ts";
import { asking, fetching, type JobKind, kind, told, USUAL } from "./kinds.ts";

/** Patience is shorter here than in earnest, and so are the jumps of clocks that it outlasts. */
const JUMP_MS = 600_000;
const SHORT_DELIVERY = { jumpMs: JUMP_MS, settings: { deliveryBudgetS: 6, retryBudgetS: 1_800 } };
const SHORT_RETRY = { jumpMs: JUMP_MS, settings: { deliveryBudgetS: 3_600, retryBudgetS: 6 } };

/** Given up only after a long time: in worlds of their own, where patience is short. */
const PATIENT: readonly JobKind[] = [
  kind(
    "callback-down",
    { parked: "output-undeliverable" },
    {
      callback: () => ({ status: 500 }),
      needsS: 600,
      world: SHORT_DELIVERY,
      faults: [26],
    },
  ),
  kind(
    "callback-silent",
    { parked: "output-undeliverable" },
    {
      callback: () => ({ silent: true }),
      needsS: 600,
      world: SHORT_DELIVERY,
      faults: [25],
    },
  ),
  kind("input-never", told("rejected"), {
    request: fetching,
    input: () => ({ status: 503 }),
    runs: 0,
    needsS: 300,
    world: SHORT_RETRY,
    faults: [24],
  }),
];

/** The message outlives the queue's patience: only in a world whose queue forgets soon. */
const EXPIRING: JobKind = kind(
  "newer-contract",
  { told: "rejected", parked: "request-expiring" },
  {
    request: (n) => buildRequest(asking()(n)).replace("<request ", '<request contract="99" '),
    runs: 0,
    needsS: 180,
    world: { retentionS: 200, jumpMs: JUMP_MS },
    faults: [12],
  },
);

/** So does an input that never comes, where what is left is no time for its program any more. */
const LATE: JobKind = kind(
  "never-in-time",
  { told: "rejected", parked: "request-expiring" },
  {
    request: fetching,
    input: () => ({ status: 503 }),
    runs: 0,
    needsS: 60,
    world: { retentionS: 135, jumpMs: JUMP_MS },
    faults: [12],
  },
);

/** Longer than SQS delays a message, so that the wait must be renewed. */
const RESTING: JobKind = kind("callback-resting", told("success"), {
  callback: (n) => (n === 0 ? { status: 503, headers: { "retry-after": "1500" } } : {}),
  needsS: 1_520,
  asksForS: 1_500,
  faults: [27],
});

/** A request that leaves no room for our attributes goes by way of the bucket when it is sent on. */
const LARGE: JobKind = kind("large", told("success"), {
  request: (n) => buildRequest(asking()(n)).replace("<output ", `${" ".repeat(1_045_000)}<output `),
  callback: (n) => ({ status: n === 0 ? 500 : 200 }),
  needsS: 20,
});

export const SLOW: readonly JobKind[] = [...PATIENT, EXPIRING, LATE, RESTING, LARGE];
export const ALL_KINDS: readonly JobKind[] = [...USUAL, ...SLOW];
