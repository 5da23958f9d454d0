import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { DroverError } from "../../../base/errors.ts";
import type { GroupCommit } from "../group-commit.ts";
import type { ImdsContext } from "../imds/state.ts";
import { StaleAnswers } from "../nasty/stale-answers.ts";
import type { Faults } from "../nasty/faults.ts";
import { openInstanceTable, type Ec2Instance } from "./instance-table.ts";
import { Lifecycle } from "./lifecycle.ts";
import { ec2Schema } from "./schema.ts";
import { changedSettings, defaultSettings, type Ec2Settings } from "./settings.ts";
import type { Ec2State } from "./state.ts";
import { openTagTable } from "./tag-table.ts";
import { openTemplateTable } from "./template-table.ts";
import { Throttle } from "./throttle.ts";
import { openTokenTable } from "./token-table.ts";

export interface Ec2Options {
  database: DatabaseSync;
  group: GroupCommit;
  imds: ImdsContext;
  /** The cloud's folder. */
  dir: string;
  settings: Partial<Ec2Settings>;
  faults: Faults;
}

/** An instance as whoever runs the cloud sees it. */
export interface InstanceView {
  id: string;
  state: Ec2Instance["state"];
  market: Ec2Instance["spec"]["market"];
  tags: Record<string, string>;
  /** Where its files are, console.log among them; gone when it has ended. */
  folder: string;
  /** Its first process; undefined when it has none. */
  pid: number | undefined;
  /** The address of its metadata service; undefined when it has none. */
  metadataEndpoint: string | undefined;
  reason: string | undefined;
}

/** What AWS's customers cannot do: see behind the instances, and be the spot market. */
export interface Ec2Control {
  settings(): Ec2Settings;
  /** Changes some settings, until the cloud ends. Throws DroverError `ec2-bad-setting`. */
  configure(changes: Partial<Ec2Settings>): void;
  instances(): InstanceView[];
  /** Announces the end of a spot instance, which comes `spotNoticeS` later. Throws DroverError `ec2-no-instance`. */
  reclaim(id: string): Promise<void>;
  /** Recommends a rebalance. Throws DroverError `ec2-no-instance`. */
  recommendRebalance(id: string): void;
  /** The power button: the instance's script is asked to end. A second time more firmly. Throws `ec2-no-instance`. */
  shutDown(id: string): void;
  /** Requests that were throttled so far. */
  throttled(): number;
}

export interface Ec2 {
  state: Ec2State;
  control: Ec2Control;
  /** Brings instances to life, those of before included. @param endpoint the cloud's own address */
  start(endpoint: string): Promise<void>;
  /** Ends all instances. */
  close(): Promise<void>;
}

/** Opens what a database knows of EC2; nothing happens to instances before the start. */
export function openEc2(options: Ec2Options): Ec2 {
  const { database, imds, dir } = options;
  const { clock, report } = imds;
  database.exec(ec2Schema);
  const state: Ec2State = {
    clock,
    group: options.group,
    ...imds.place,
    instances: openInstanceTable(database),
    tags: openTagTable(database),
    templates: openTemplateTable(database),
    tokens: openTokenTable(database),
    throttle: new Throttle(clock),
    faults: options.faults,
    recent: new StaleAnswers(clock),
    settings: changedSettings(defaultSettings, options.settings),
    report,
    wake: () => lifecycle.wake(),
  };
  const lifecycle = new Lifecycle(state, imds, join(dir, "ec2", "instances"));
  return {
    state,
    control: controlOf(state, lifecycle),
    start: (endpoint) => lifecycle.start(endpoint),
    close: () => lifecycle.close(),
  };
}

function controlOf(state: Ec2State, lifecycle: Lifecycle): Ec2Control {
  const instances = (): InstanceView[] =>
    state.instances.all().map((it) => ({
      id: it.id,
      state: it.state,
      market: it.spec.market,
      tags: state.tags.of(it.id),
      folder: lifecycle.folderOf(it.id),
      pid: it.process?.pid,
      metadataEndpoint: lifecycle.metadataEndpoint(it.id),
      reason: it.reason?.code,
    }));
  return {
    settings: () => state.settings,
    configure: (changes) => {
      state.settings = changedSettings(state.settings, changes);
      state.wake();
    },
    instances,
    reclaim: async (id) => {
      const row = alive(state, id);
      if (row.spec.market !== "spot")
        throw new DroverError("ec2-no-instance", `${id} is no spot instance; nobody takes it away.`);
      if (row.reclaimMs !== undefined) return;
      const announced = { ...row, reclaimMs: state.clock.now() + state.settings.spotNoticeS * 1000 };
      await state.group.run(() => state.instances.put(announced));
      lifecycle.announce(announced);
      state.wake();
    },
    recommendRebalance: (id) => lifecycle.recommendRebalance(alive(state, id).id),
    shutDown: (id) => lifecycle.press(alive(state, id).id),
    throttled: () => state.throttle.refused,
  };
}

function alive(state: Ec2State, id: string): Ec2Instance {
  const row = state.instances.find(id);
  if (row !== undefined && ["pending", "running", "shutting-down", "stopping"].includes(row.state))
    return row;
  throw new DroverError("ec2-no-instance", `there is no living instance ${id}.`);
}
