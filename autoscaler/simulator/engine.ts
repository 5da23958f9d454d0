import { endsInTime } from "../../base/ends-in-time.ts";
import type { Policy, Settings } from "../policy.ts";
import type { Action } from "../snapshot.ts";
import { Backlog } from "./backlog.ts";
import { seededChance, type Chance } from "./chance.ts";
import { Fleet, type Host } from "./fleet.ts";
import { TimeHeap } from "./heap.ts";
import { Pools } from "./pools.ts";
import { Recorder, type Run } from "./recorder.ts";
import { Sensor } from "./sensor.ts";
import type { World } from "./world.ts";

/** A run that cannot end, because the policy keeps too little capacity, is cut here; what waits then counts as late. */
const MOST_OVERTIME_S = 86_400;
/** What is still there so long before its machine is taken back is handed back, too. */
const MARGIN_S = 10;

/** Runs `policy` through `world` and returns what happened. The same arguments give the same run. */
export function simulate<State>(world: World, policy: Policy<State>, settings: Settings): Run {
  return new Engine(world, policy, settings).run();
}

class Engine<State> {
  readonly #world: World;
  readonly #policy: Policy<State>;
  readonly #settings: Settings;
  readonly #fleet: Fleet;
  readonly #pools: Pools;
  readonly #backlog = new Backlog();
  readonly #completions = new TimeHeap(1 << 16);
  readonly #boots = new TimeHeap();
  readonly #ends = new TimeHeap();
  readonly #runsOn: Int32Array;
  readonly #recorder: Recorder;
  readonly #sensor: Sensor;
  readonly #reclaimChance: Chance;
  #state: State;
  #nowS = 0;
  #arrived = 0;
  #finished = 0;
  #inFlight = 0;

  constructor(world: World, policy: Policy<State>, settings: Settings) {
    this.#world = world;
    this.#policy = policy;
    this.#settings = settings;
    this.#fleet = new Fleet(seededChance(world.seed, "dispatch"));
    this.#pools = new Pools(world.pools, world.seed);
    this.#runsOn = new Int32Array(world.workload.arrivalS.length).fill(-1);
    this.#recorder = new Recorder(world);
    this.#sensor = new Sensor(world, this.#fleet, this.#pools);
    this.#reclaimChance = seededChance(world.seed, "reclaim");
    this.#state = policy.start();
  }

  run(): Run {
    const { arrivalS, durationS } = this.#world.workload;
    const jobs = arrivalS.length;
    const stopS = Math.max(durationS, arrivalS[jobs - 1] ?? 0) + MOST_OVERTIME_S;
    let tickS = 0;
    for (;;) {
      const arrivesS = this.#arrived < jobs ? (arrivalS[this.#arrived] as number) : Infinity;
      const otherS = Math.min(tickS, this.#boots.nextS, this.#ends.nextS, this.#pools.nextS);
      if (this.#completions.nextS <= Math.min(arrivesS, otherS)) this.#complete();
      else if (arrivesS <= otherS) this.#arrive(arrivesS);
      else if (otherS < tickS) this.#change(otherS);
      else {
        this.#nowS = tickS;
        if (tickS >= stopS || (tickS >= durationS && this.#finished === jobs)) break;
        this.#tick();
        tickS += this.#policy.periodS;
      }
    }
    return this.#recorder.end(this.#fleet.hosts, this.#nowS);
  }

  #arrive(atS: number): void {
    this.#nowS = atS;
    const job = this.#arrived++;
    const host = this.#fleet.pickOpen();
    if (host === undefined) {
      this.#backlog.arrive();
    } else {
      this.#backlog.pass();
      this.#start(host, job);
    }
  }

  #start(host: Host, job: number): void {
    const { arrivalS, serviceS } = this.#world.workload;
    this.#fleet.start(host, job);
    this.#runsOn[job] = host.number;
    this.#inFlight++;
    this.#recorder.started(job, this.#nowS - (arrivalS[job] as number), this.#nowS);
    this.#completions.push(this.#nowS + (serviceS[job] as number), job);
  }

  #complete(): void {
    const atS = this.#completions.nextS;
    const job = this.#completions.pop();
    const host = this.#fleet.hosts[this.#runsOn[job] as number];
    // A job that was put back left a completion behind; the one of its last start is the true one.
    if (host === undefined || !this.#recorder.isLastStart(job, atS)) return;
    if (!this.#fleet.finish(host, job, atS)) return;
    this.#nowS = atS;
    this.#inFlight--;
    this.#finished++;
    this.#sensor.finished(this.#world.workload.serviceS[job] as number);
    if (host.view.state === "ready") this.#fill(host);
  }

  #fill(host: Host): void {
    while (host.openAt !== -1) {
      const job = this.#backlog.take();
      if (job === undefined) return;
      this.#start(host, job);
    }
  }

  /** What the world does by itself: an instance comes up, is taken back, or a pool gains or loses room. */
  #change(atS: number): void {
    this.#nowS = atS;
    if (this.#boots.nextS === atS) {
      const host = this.#fleet.hosts[this.#boots.pop()] as Host;
      if (host.endedAtS !== undefined || host.view.noticeAtS !== undefined) return;
      this.#pools.booted(host.pool, atS - host.view.launchedAtS);
      this.#fleet.booted(host, atS);
      this.#fill(host);
    } else if (this.#ends.nextS === atS) {
      const payload = this.#ends.pop();
      const host = this.#fleet.hosts[Math.abs(payload) - 1] as Host;
      if (host.endedAtS !== undefined) return;
      if (payload < 0) this.#announce(host);
      else this.#remove(host, "reclaim");
    } else {
      for (const pool of this.#pools.step(atS)) this.#shrink(pool);
    }
  }

  /** A pool that lost room takes instances back, by chance. */
  #shrink(pool: number): void {
    const mine = this.#fleet.alive.filter((host) => host.pool === pool && host.view.noticeAtS === undefined);
    for (let excess = mine.length - this.#pools.room(pool); excess > 0; excess--) {
      const at = Math.floor(this.#reclaimChance() * mine.length);
      const [host] = mine.splice(at, 1);
      if (host !== undefined) this.#announce(host);
    }
  }

  #announce(host: Host): void {
    if (host.view.noticeAtS !== undefined) return;
    host.view.noticeAtS = this.#nowS;
    this.#pools.reclaimed(host.pool, this.#nowS);
    this.#recorder.reclaims++;
    this.#fleet.cordon(host, this.#nowS);
    this.#ends.push(this.#nowS + this.#world.noticeS, host.number + 1);
    for (const job of host.jobs.slice(0, host.view.inFlight)) {
      const runningS = this.#nowS - this.#recorder.startedAt(job);
      const run = { runningS, leftS: this.#world.noticeS - MARGIN_S, limitS: Infinity };
      if (!endsInTime(run, (seconds) => this.#sensor.lasted(seconds))) {
        this.#fleet.finish(host, job, this.#nowS);
        this.#startAgain(job, "reclaim");
      }
    }
  }

  #remove(host: Host, cause: "scale-in" | "reclaim"): void {
    const jobs = [...host.jobs.subarray(0, host.view.inFlight)];
    this.#fleet.remove(host, this.#nowS);
    this.#pools.left(host.pool, host.view.noticeAtS !== undefined);
    if (host.view.readyAtS === undefined) this.#pools.cutShort(host.pool, this.#nowS - host.view.launchedAtS);
    for (const job of jobs) this.#startAgain(job, cause);
  }

  #startAgain(job: number, cause: "scale-in" | "reclaim"): void {
    this.#inFlight--;
    this.#runsOn[job] = -1;
    this.#recorder.lost(job, this.#nowS, cause);
    const open = this.#fleet.pickOpen();
    if (open === undefined) this.#backlog.putBack(job);
    else this.#start(open, job);
  }

  #tick(): void {
    const oldest = this.#backlog.oldest();
    const snapshot = this.#sensor.read(this.#nowS, {
      visible: this.#backlog.size,
      inFlight: this.#inFlight,
      arrived: this.#arrived,
      oldestSentAtS: oldest === undefined ? undefined : this.#world.workload.arrivalS[oldest],
    });
    const decision = this.#policy.decide(snapshot, this.#settings, this.#state);
    this.#state = decision.state;
    this.#recorder.decided(this.#nowS, decision, this.#backlog.size, snapshot);
    for (const action of decision.actions) this.#act(action);
  }

  #act(action: Action): void {
    if (action.kind === "launch") {
      this.#launch(action.pool, action.count);
      return;
    }
    for (const id of action.ids) {
      const host = this.#fleet.find(id);
      if (host === undefined) continue;
      if (action.kind === "terminate") this.#remove(host, "scale-in");
      else if (action.kind === "cordon") this.#fleet.cordon(host, this.#nowS);
      else if (host.view.noticeAtS === undefined) {
        this.#fleet.ready(host, this.#nowS);
        this.#fill(host);
      }
    }
  }

  #launch(poolName: string, count: number): void {
    const most = Math.min(count, this.#settings.maxInstances - this.#fleet.alive.length);
    for (let launched = 0; launched < most; launched++) {
      const granted = this.#pools.ask(poolName, this.#nowS);
      if (granted === undefined) continue;
      const host = this.#fleet.launch(granted.pool, poolName, granted.slots, this.#nowS);
      this.#boots.push(this.#nowS + granted.bootS, host.number);
      if (granted.livesS !== undefined) this.#ends.push(this.#nowS + granted.livesS, -(host.number + 1));
    }
  }
}
