/**
 * `node dilated-scaler.ts SETTINGS FOLDER NAME SPEED,FASTER`: the autoscaler with its production adapters, in a world in
 * which time passes faster. A policy that thinks in minutes can so be watched in seconds: its clock runs SPEED times as
 * fast, and what agents measured in true seconds is told to it in its own. SIGUSR2 says that nothing boots or works any
 * more: then time passes FASTER still.
 */
import { readFileSync } from "node:fs";
import { DecisionLog } from "../../autoscaler/daemon/decision-log.ts";
import { Scaler } from "../../autoscaler/daemon/scaler.ts";
import { bucketOf, parseWork } from "../../autoscaler/daemon/work-report.ts";
import type { Clock } from "../../base/clock.ts";
import { readConfig } from "../../base/config/config.ts";
import { createLog } from "../../base/log.ts";
import { systemClock } from "../../base/system/clock.ts";
import { systemFiles } from "../../base/system/files.ts";
import { createCompute, createEc2Clients } from "../../cloud/aws/ec2.ts";
import { createSqsClients, openQueue } from "../../cloud/aws/sqs.ts";
import { openStore } from "../../cloud/aws/store.ts";
import type { StatusRow, Store } from "../../cloud/ports/store.ts";

const [settings = "", folder = "", name = "", speeds = "1,1"] = process.argv.slice(2);
const [slow = 1, fast = 1] = speeds.split(",").map(Number);
const config = readConfig(readFileSync(settings, "utf8"), {});

let speed = slow;
/** Where both clocks stood when the speed was last changed. */
let since = { trueMs: systemClock.monotonic(), ownMs: systemClock.monotonic() };
const monotonic = () => since.ownMs + (systemClock.monotonic() - since.trueMs) * speed;
process.on("SIGUSR2", () => {
  since = { trueMs: systemClock.monotonic(), ownMs: monotonic() };
  speed = fast;
});

const clock: Clock = {
  now: () => systemClock.now(),
  monotonic,
  sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
  // Deadlines of calls: the cloud answers in true time.
  after: (ms, fn) => systemClock.after(ms, fn),
};

function slowed(row: StatusRow): StatusRow {
  const seconds = (field: string) => Number(row[field] ?? 0) * speed;
  const work = Object.entries(parseWork(row["work"])).map(([service, { finished, sumS, runs }]) => {
    const wider = bucketOf(speed) - bucketOf(1);
    const later = Object.entries(runs).map(([bucket, count]) => [Number(bucket) + wider, count]);
    return [service, { finished, sumS: sumS * speed, runs: Object.fromEntries(later) as object }];
  });
  const told = JSON.stringify(Object.fromEntries(work));
  return { ...row, periodS: seconds("periodS"), idleS: seconds("idleS"), work: told };
}

const opened = openStore(config);
const store: Store = {
  ...opened.store,
  listStatus: async () => (await opened.store.listStatus()).map((row) => slowed(row)),
};
const log = createLog(
  (line) => process.stderr.write(line),
  () => systemClock.now(),
);
const sqs = createSqsClients();
const decisions = new DecisionLog({ files: systemFiles, log }, folder, 64 * 1024 * 1024);
const template = config.autoscaler.launch_template;
const scaler = new Scaler(
  {
    clock,
    log,
    store,
    compute: createCompute(createEc2Clients(), {
      fleet: config.bucket,
      launch: { template, version: "$Latest" },
    }),
    queues: {
      requests: await openQueue(sqs, config.queues.requests),
      deliveries: await openQueue(sqs, config.queues.deliveries),
    },
    decided: async (line) => {
      log.info("scaler.decided", { epoch: line.epoch, tick: line.tick, sentence: line.sentence });
      await decisions.append(line);
    },
  },
  config.autoscaler,
  name,
);
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());
await scaler.run(stop.signal);
process.exit(0);
