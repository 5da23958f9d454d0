import { describe, expect, test } from "vitest";
import { markDelivered, takeClaim } from "../../../../agent/result/claims.ts";
import { type DeadLetterTools, replay, withDeadLetters } from "../../../../operator/dlq/dead-letters.ts";
import { createWorld } from "../../../support/agent-world.ts";
import { createSeededRandom } from "../../../support/seeded-random.ts";

/** A job whose client said that it is gone, and what a person at the fleet's console has in hand. */
async function givenUp() {
  const world = createWorld({ callback: (n) => ({ status: n === 0 ? 410 : 200 }) });
  const id = await world.submit();
  const agent = world.start();
  await world.clock.until(world.idle);
  const { objects, queues } = world;
  const tools: DeadLetterTools = {
    queues,
    objects,
    fleetKey: agent.context.fleetKey,
    random: createSeededRandom(1),
  };
  const replayAll = () =>
    withDeadLetters(tools, 10, async (letters) => {
      const done = new Set<string>();
      const answers: string[] = [];
      for (const it of letters) answers.push(await replay(tools, it, done));
      return answers;
    });
  return { world, agent, job: { id, generation: 0 }, replayAll };
}

describe("a letter of a result that could not be delivered", () => {
  test("is delivered when it is replayed, and is no letter any more on its way", async () => {
    const { world, agent, replayAll } = await givenUp();
    agent.worker.stop();
    expect(await replayAll()).toEqual(["redelivery"]);
    const [sent] = world.queues.deliveries.messages;
    expect(Object.keys(sent?.attributes ?? {})).toEqual(["drover-identity"]);
    const second = world.start(undefined, "b");
    await world.clock.until(world.idle);
    expect(world.callbacks.answers).toEqual([410, 200]);
    expect(world.queues.dead.messages).toEqual([]);
    await world.drain(second);
  });

  test("is only dropped when the client has it meanwhile, and says so", async () => {
    const { world, agent, job, replayAll } = await givenUp();
    await markDelivered(world.objects, job, "somebody");
    expect(await replayAll()).toEqual(["already delivered"]);
    expect(world.queues.dead.messages).toEqual([]);
    expect(world.queues.deliveries.messages).toEqual([]);
    expect(await takeClaim(world.objects, job, "a", 60)).toEqual({ outcome: "delivered" });
    await world.drain(agent);
  });
});
