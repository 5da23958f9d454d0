import { reasonOf } from "../base/errors.ts";
import type { QueueMessage } from "../cloud/ports/queue.ts";
import { decide, type Failure, isOwnFault } from "../jobs/failure.ts";
import { isHostKiller, NO_HISTORY } from "../jobs/history.ts";
import { identify } from "../jobs/identity.ts";
import { type JobState, mayFollow } from "../jobs/life.ts";
import type { JobResponse, Timings } from "../schemas/response.ts";
import { toXmlText } from "../schemas/xml-text.ts";
import { type Addressee, addresseeOf, admit, type Admission } from "./admit/admit.ts";
import type { AgentContext } from "./context.ts";
import { provideInput } from "./input/provide.ts";
import { type QueueClock, TimeLeft } from "./receive/queue-clock.ts";
import { type LeaseKeeper, LeaseLost } from "./receive/lease.ts";
import { collectOutput } from "./result/output.ts";
import { readHistory, record, recordIfPossible } from "./result/history.ts";
import { type Holding, resume, settle, type Settled } from "./result/settle.ts";
import { type JobFolder, makeFolder, planFolder } from "./run/folder.ts";
import { type Program, programFor, type RunOutcome } from "./run/run.ts";
import type { Slots } from "./run/slots.ts";
import { inTurn } from "./run/turn.ts";

/** Why a job is interrupted from outside: the agent is leaving, the message goes back to the queue at once. */
class Leaving extends Error {
  override readonly name = "Leaving";
}

type Runnable = Extract<Admission, { verdict: "run" }>;

/** SQS lets a message be in flight for twelve hours in all; the last minutes are for delivering. */
const LONGEST_HOLD_S = 12 * 3_600 - 600;
/** Longest pause before a job that met an unexpected error of ours is tried again. */
const TROUBLE_CAP_S = 60;

/** One message's way through the agent; jobs/life.ts lists the states. */
export class Job {
  state: JobState = "received";
  service = "";
  /** Epoch milliseconds by the queue's clock. */
  readonly sentAt: number;
  /** Monotonic milliseconds; set while the program runs. */
  runningSince: number | undefined;
  /** Seconds the program may run. */
  limitS = 0;
  /** Seconds, for the agent's appetite. */
  inputS: number | undefined;
  runS: number | undefined;
  /** When it was handed back: seconds until its next try. */
  sleepS = 0;

  readonly #context: AgentContext;
  readonly #slots: Slots;
  readonly #queueClock: QueueClock;
  readonly #timeLeft: TimeLeft;
  readonly #message: QueueMessage;
  readonly #onChange: (job: Job) => void;
  readonly #abort = new AbortController();
  readonly #receivedAtMs: number;
  /** Monotonic. */
  readonly #receivedAt: number;
  #history = NO_HISTORY;
  /** It is written down that this try started, so what becomes of it must be, too. */
  #started = false;

  constructor(
    context: AgentContext,
    slots: Slots,
    queueClock: QueueClock,
    message: QueueMessage,
    onChange: (job: Job) => void,
  ) {
    this.#queueClock = queueClock;
    this.#timeLeft = new TimeLeft(queueClock, message, context.retentionS);
    this.#context = context;
    this.#slots = slots;
    this.#message = message;
    this.sentAt = message.sentAt;
    this.#onChange = onChange;
    this.#receivedAtMs = queueClock.now();
    this.#receivedAt = context.clock.monotonic();
  }

  /** Ends the job's work as soon as possible; the message goes back to the queue. */
  leave(): void {
    this.#abort.abort(new Leaving("the agent is leaving"));
  }

  /** Somebody cancelled it: it goes back to the queue, where whoever takes it next finds its result. */
  leaveIfCancelled(): void {
    const job = identify(this.#message, this.#context.fleetKey);
    const undone = !["settling", "done"].includes(this.state);
    if (undone && this.#context.cancellations.has(job))
      this.#abort.abort(new Leaving("the job was cancelled"));
  }

  /** From receipt to a final state. Never rejects. @param since see LeaseKeeper.hold */
  async live(leases: LeaseKeeper, since: number): Promise<void> {
    const message = this.#message;
    const lease = leases.hold(message.receiptHandle, (reason) => this.#abort.abort(reason), since);
    const holding: Holding = {
      message,
      lease,
      job: identify(message, this.#context.fleetKey),
      attemptId: this.#context.random.uuid(),
      signal: this.#abort.signal,
    };
    this.#record("received", holding, { receiveCount: message.receiveCount });
    try {
      const settled = await this.#work(holding);
      if (settled.end === "done") this.#enter("done");
      else await this.#handBack(holding, settled.delayS);
    } catch (error) {
      await this.#interrupted(holding, error);
    } finally {
      void lease.release();
    }
  }

  async #work(holding: Holding): Promise<Settled> {
    const { cancellations, catalog, secrets } = this.#context;
    const message = this.#message;
    const holdsSecret = (ref: string) => secrets.holds(ref);
    // A message of ours that stands for an older one has a history however new it is itself.
    const isFirst = message.receiveCount === 1 && holding.job.id === message.id;
    const known = !isFirst || cancellations.has(holding.job);
    this.#history = known ? await readHistory(this.#context, holding.job) : NO_HISTORY;
    if (this.#history.hasResult) {
      this.#enter("settling");
      const told = addresseeOf(message.body);
      const settled = await resume(this.#context, holding, told?.output ?? { type: "store" });
      if (settled.end === "done" && cancellations.has(holding.job)) await cancellations.forget(holding.job);
      return settled;
    }
    const admission = admit(message, { catalog, holdsSecret }, this.#queueClock.now());
    switch (admission.verdict) {
      case "return":
        this.#record("returned", holding, { reason: admission.reason });
        if (this.#timeLeft.inQueueS() > this.#timeLeft.marginS) {
          return { end: "returned", delayS: this.#context.settings.visibilityTimeoutS };
        }
        return await this.#expire(holding, addresseeOf(message.body), admission.reason);
      case "refuse":
        this.service = admission.told.service;
        this.#enter("settling");
        return await this.#conclude(holding, admission.told, admission.failure, admission.park);
      case "run":
        this.service = admission.request.service;
        return await this.#admitted(holding, admission);
    }
  }

  async #admitted(holding: Holding, admitted: Runnable): Promise<Settled> {
    const { told, service } = admitted;
    if (isHostKiller(this.#history, this.#message.receiveCount)) {
      this.#enter("settling");
      const message = "The job was running when three machines vanished, so it is not tried again.";
      return await this.#conclude(holding, told, { code: "quarantined", message }, true);
    }
    if (this.#timeLeft.inQueueS() < service.manifest.timeoutS + this.#timeLeft.marginS) {
      return await this.#expire(holding, told, `its program may take ${service.manifest.timeoutS} s`);
    }
    this.#enter("admitted");
    return await this.#attempt(holding, admitted);
  }

  /** The queue is about to drop the message: what is not done now would be lost without a word. */
  async #expire(holding: Holding, told: Addressee | undefined, why: string): Promise<Settled> {
    this.#enter("settling");
    const message = `The request is about to expire in the queue, and cannot be done in time: ${why}.`;
    const nobody: Addressee = { service: this.service, output: { type: "store" } };
    return await this.#conclude(holding, told ?? nobody, { code: "request-expiring", message }, true);
  }

  async #attempt(holding: Holding, admitted: Runnable): Promise<Settled> {
    const { files, settings } = this.#context;
    const folder = planFolder(settings.jobsDir, holding.attemptId, admitted);
    try {
      await makeFolder(files, folder);
      const outcome = await this.#produce(holding, admitted, folder);
      if (this.state !== "settling") this.#enter("settling");
      if (!("code" in outcome)) {
        return await settle(this.#context, holding, outcome, admitted.told.output);
      }
      return await this.#failed(holding, admitted, outcome);
    } finally {
      await this.#removeFolder(folder.root);
    }
  }

  /** What cannot be removed now is swept when the next agent starts; it changes nothing for the job. */
  async #removeFolder(path: string): Promise<void> {
    try {
      await this.#context.files.remove(path);
    } catch (error) {
      this.#context.log.warn("job.folder-left", { path, reason: reasonOf(error) });
    }
  }

  /** Input, slot, program, output: to the response of a success, or to the failure. */
  async #produce(holding: Holding, admitted: Runnable, folder: JobFolder): Promise<JobResponse | Failure> {
    const { clock } = this.#context;
    const { service, request, told } = admitted;
    const { manifest } = service;
    this.#enter("fetching");
    const fetchedFrom = clock.monotonic();
    if (request.input !== undefined && folder.input !== undefined) {
      const refusal = await provideInput(
        this.#context,
        request.input,
        manifest.input,
        folder.input,
        holding.signal,
      );
      if (refusal !== undefined) return refusal;
    }
    this.inputS = (clock.monotonic() - fetchedFrom) / 1000;
    this.#enter("ready");
    const { argv, place } = folder.command(this.#context.settings, admitted.args);
    const program = programFor(this.#context, argv, place, manifest, holding.signal);
    const run = await inTurn(this.#slots, program, holding.signal, (onEnded) =>
      this.#run(holding, admitted, (limitS) => program.run(limitS, onEnded)),
    );
    this.#enter("settling");
    if (!run.ok) return run.failure;
    const output = await collectOutput(this.#context, run, manifest, folder.output, holding);
    if (!output.ok) return output.failure;
    const tookS = this.inputS + run.runS;
    return {
      ...this.#response(holding, told, "success"),
      ...(output.rawOutput === undefined ? {} : { rawOutput: output.rawOutput }),
      artifacts: output.artifacts,
      timings: this.#timings(),
      message: `Request successfully processed (in ${tookS.toFixed(2)} seconds).`,
    };
  }

  async #run(holding: Holding, { service, request }: Runnable, run: Program["run"]): Promise<RunOutcome> {
    const { clock } = this.#context;
    const heldS = (clock.monotonic() - this.#receivedAt) / 1000;
    // It comes back with twelve new hours.
    if (heldS + service.manifest.timeoutS > LONGEST_HOLD_S)
      throw new Leaving("the message was held for too long");
    if (this.#message.receiveCount > 1) {
      await record(this.#context, holding.job, holding.attemptId, "started");
      this.#started = true;
    }
    holding.signal.throwIfAborted();
    // After a stop of this process the clock knows more than any timer has told yet.
    if (!holding.lease.held()) throw new LeaseLost();
    this.runningSince = clock.monotonic();
    this.#enter("running");
    this.#record("started", holding, {});
    const limitS = Math.min(service.manifest.timeoutS, this.#timeLeft.ofDeadlineS(request.deadlineS));
    this.limitS = limitS;
    const outcome = await run(limitS);
    this.runningSince = undefined;
    this.runS = outcome.runS;
    return outcome;
  }

  async #failed(holding: Holding, admitted: Runnable, failure: Failure): Promise<Settled> {
    const { random, settings } = this.#context;
    const { retries } = admitted.service.manifest;
    const ageS = (this.#queueClock.now() - this.#message.firstReceivedAt) / 1000;
    const decision = decide(
      failure,
      this.#history,
      { retries, ageS, budgetS: settings.retryBudgetS },
      random,
    );
    this.#record("failed", holding, {
      code: failure.code,
      reason: failure.message,
      decision: decision.action,
    });
    if (decision.action !== "reject") {
      await record(this.#context, holding.job, holding.attemptId, decision.record, failure);
    }
    if (decision.action === "retry") return { end: "returned", delayS: decision.delayS };
    return await this.#conclude(holding, admitted.told, failure, decision.action === "park");
  }

  /** The response of a job that came to nothing. `park`: the request also goes to the dead-letter queue. */
  async #conclude(holding: Holding, told: Addressee, failure: Failure, park: boolean): Promise<Settled> {
    const status = isOwnFault(failure) ? "failed" : "rejected";
    const response: JobResponse = {
      ...this.#response(holding, told, status),
      error: { code: failure.code, ...(failure.line === undefined ? {} : { line: failure.line }) },
      artifacts: [],
      timings: this.#timings(),
      message: toXmlText(failure.message), // it may quote a program
    };
    this.#record("concluded", holding, { status, code: failure.code, reason: failure.message });
    return await settle(this.#context, holding, response, told.output, park ? failure : undefined);
  }

  #response({ job }: Holding, told: Addressee, status: JobResponse["status"]) {
    const { service, reference } = told;
    return { service, status, messageId: job.id, ...(reference === undefined ? {} : { reference }) };
  }

  #timings(): Timings {
    const queuedS = Math.max(0, (this.#receivedAtMs - this.#message.sentAt) / 1000);
    return { queuedS, inputS: this.inputS ?? 0, runS: this.runS ?? 0 };
  }

  async #interrupted(holding: Holding, error: unknown): Promise<void> {
    if (this.#started) await recordIfPossible(this.#context, holding.job, holding.attemptId, "ended");
    if (error instanceof LeaseLost) {
      this.#record("abandoned", holding, { reason: error.message });
      this.#enter("abandoned");
      return;
    }
    if (error instanceof Leaving) return await this.#handBack(holding, 0);
    this.#context.log.error("job.trouble", {
      job: holding.job.id,
      state: this.state,
      reason: reasonOf(error),
    });
    await this.#handBack(holding, Math.min(TROUBLE_CAP_S, 5 * this.#message.receiveCount));
  }

  async #handBack(holding: Holding, visibilityTimeoutS: number): Promise<void> {
    const { receiptHandle } = holding.lease;
    await holding.lease.release(); // a heartbeat under way would hide the message again
    try {
      await this.#context.queues.requests.changeVisibility([{ receiptHandle, visibilityTimeoutS }]);
    } catch (error) {
      // It becomes visible by itself when the visibility timeout ends.
      this.#context.log.warn("job.hand-back-failed", { job: holding.job.id, reason: reasonOf(error) });
    }
    this.#record("handed-back", holding, { delayS: visibilityTimeoutS });
    this.sleepS = visibilityTimeoutS;
    this.#enter("returned");
  }

  #enter(state: JobState): void {
    if (!mayFollow(this.state, state)) throw new Error(`a job cannot go from ${this.state} to ${state}`);
    this.state = state;
    this.#onChange(this);
  }

  #record(event: string, { job }: Holding, fields: Record<string, string | number>): void {
    this.#context.activity.record(event, { job: job.id, service: this.service, ...fields });
  }
}
