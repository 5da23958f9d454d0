import { expect, test } from "vitest";
import { readConfig } from "../../../../base/config/config.ts";
import { queuePlans } from "../../../../operator/setup/setup.ts";

const DAY_S = 86_400;

test("the fleet's queues: names from the settings, limits that SQS accepts", () => {
  const plans = queuePlans(readConfig("queues:\n  requests: mine\nvisibility_timeout_s: 30\n", {}));
  expect(plans.map((it) => it.name).toSorted()).toEqual([
    "drover-dead",
    "drover-deliveries",
    "drover-responses",
    "mine",
  ]);
  for (const it of plans) {
    expect(it.retentionS).toBeLessThanOrEqual(14 * DAY_S);
    expect(it.visibilityTimeoutS).toBe(30);
    // SQS: maxReceiveCount from 1 to 1,000.
    if (it.deadLetter !== undefined) expect(it.deadLetter.maxReceiveCount).toBe(1_000);
  }
});

test("dead letters outlive the requests, whose age they keep, and stand before the queue that needs them", () => {
  const plans = queuePlans(readConfig("", {}));
  const [dead] = plans;
  const requests = plans.find((it) => it.deadLetter !== undefined);
  expect(dead?.name).toBe("drover-dead");
  expect(requests?.deadLetter?.name).toBe("drover-dead");
  expect(dead?.retentionS).toBeGreaterThan(requests?.retentionS ?? Infinity);
});
