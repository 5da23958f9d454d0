import { startCloud } from "../../cloud/local/server.ts";
import { createFakeClock } from "../support/fake-clock.ts";

/**
 * A cloud in a process of its own, so that it can be killed, on a clock that its parent moves.
 * Arguments: folder, and what the clock says at first.
 */
const [dir = "", startMs = "0"] = process.argv.slice(2);
const clock = createFakeClock(Number(startMs));
const cloud = await startCloud({ dir, clock });

process.on("message", (order: { advanceMs: number } | "end") => {
  if (order === "end") {
    void cloud.close().then(() => process.exit(0));
    return;
  }
  clock.advance(order.advanceMs);
  process.send?.({ now: clock.now() });
});
// Whoever started it has gone, however that happened.
process.once("disconnect", () => process.exit(0));
process.send?.({ endpoint: cloud.endpoint, credentials: cloud.credentials });
