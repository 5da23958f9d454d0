import { expect, onTestFinished, test } from "vitest";
import { type Interruption, watchInterruptions } from "../../../../agent/status/interruption.ts";
import { createLog } from "../../../../base/log.ts";
import { createSystemHttp } from "../../../../base/system/http.ts";
import { startCloud } from "../../../../cloud/local/server.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

/** The embedded metadata service, and what is heard of it; sleeping takes no time here. */
async function watch() {
  const cloud = await startCloud({ dir: await tempFolder() });
  const imds = await cloud.startImds();
  const http = createSystemHttp("metadata");
  const end = new AbortController();
  const heard: Interruption[] = [];
  const logged: string[] = [];
  const clock = createFakeClock();
  const log = createLog(
    (line) => logged.push(line),
    () => clock.now(),
  );
  const first = Promise.withResolvers<void>();
  const watching = watchInterruptions(
    { http, clock, log },
    imds.endpoint,
    (it) => {
      heard.push(it);
      first.resolve();
    },
    end.signal,
  );
  onTestFinished(async () => {
    end.abort();
    await watching;
    await http.close();
    await cloud.close();
  });
  return { imds, heard, logged, first: first.promise, watching };
}

test("a spot notice is heard, once, with its time", async () => {
  const { imds, heard, watching } = await watch();
  imds.set({ interruption: { action: "terminate", time: "2026-01-01T00:02:00Z" } });
  await watching; // nothing more can be said
  expect(heard).toEqual([{ kind: "notice", action: "terminate", at: Date.UTC(2026, 0, 1, 0, 2) }]);
});

test("a recommendation to rebalance is heard once, and a notice after it", async () => {
  const { imds, heard, first, watching } = await watch();
  imds.set({ rebalance: "2026-01-01T00:00:00Z" });
  await first;
  imds.set({ interruption: { action: "stop", time: "2026-01-01T00:02:00Z" } });
  await watching;
  expect(heard.map((it) => it.kind)).toEqual(["rebalance", "notice"]);
});
