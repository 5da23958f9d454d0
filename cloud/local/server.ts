import { mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { reasonOf } from "../../base/errors.ts";
import { systemClock } from "../../base/system/clock.ts";
import { openDatabase } from "./database.ts";
import { openEc2, type Ec2Control } from "./ec2/service.ts";
import type { Ec2Settings } from "./ec2/settings.ts";
import { eventQueues } from "./event-queues.ts";
import { forgetEndpoint, loadSecrets, recordEndpoint } from "./folder.ts";
import { GroupCommit } from "./group-commit.ts";
import { openFront } from "./http/front.ts";
import { provision, type Provision } from "./provision.ts";
import type { Instance } from "./imds/instance.ts";
import { startImds, type RunningImds } from "./imds/server.ts";
import { openSessions } from "./imds/sessions.ts";
import type { ImdsContext } from "./imds/state.ts";
import { createFaults, noFaults, type FaultCounts, type NastyOptions } from "./nasty/faults.ts";
import { openS3 } from "./s3/service.ts";
import { closeSimpleDb, openSimpleDb } from "./simpledb/service.ts";
import type { SimpleDbState } from "./simpledb/state.ts";
import { Verifier, type Credentials } from "./signature/verify.ts";
import { closeSqs, openSqs } from "./sqs/service.ts";
import type { SqsState } from "./sqs/state.ts";

export interface CloudOptions {
  /** Everything the cloud knows lies here; created when missing. One cloud a folder. */
  dir: string;
  /** 0, the default: any free one. */
  port?: number;
  clock?: Clock;
  /** What must exist before the first request is answered. What exists already stays as it is. */
  provision?: Provision;
  /** Makes things go wrong, as AWS's documentation allows. For tests. */
  nasty?: NastyOptions;
  /** How its EC2 behaves; by default at its best. */
  ec2?: Partial<Ec2Settings>;
  /** Told of failures inside the cloud; by default one line on stderr each. */
  report?: (error: unknown) => void;
}

export interface RunningCloud {
  /** `http://127.0.0.1:PORT` */
  endpoint: string;
  region: string;
  /** The folder's real path. */
  dir: string;
  credentials: Credentials;
  /** Starts the metadata service of one more instance, on a port of its own; it ends with the cloud. */
  startImds(options?: { port?: number; instance?: Partial<Instance> }): Promise<RunningImds>;
  /** Behind the instances of its EC2, which end with the cloud. */
  ec2: Ec2Control;
  /** How often each fault of nasty mode has happened. */
  faultCounts(): FaultCounts;
  /** Answers what waits, commits, lets the folder go. A second call does nothing more. */
  close(): Promise<void>;
}

const REGION = "us-east-1";
const ACCOUNT = "000000000000";

/**
 * Starts a cloud on 127.0.0.1. Throws DroverError `cloud-folder-in-use` when another cloud holds the folder,
 * `cloud-port-in-use` when the port is taken.
 */
export async function startCloud(options: CloudOptions): Promise<RunningCloud> {
  const clock = options.clock ?? systemClock;
  const report = options.report ?? ((error) => void process.stderr.write(`cloud: ${reasonOf(error)}\n`));
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  const dir = await realpath(options.dir);
  const database = openDatabase(join(dir, "cloud.sqlite"));
  const group = new GroupCommit(database);
  let sqs: SqsState | undefined;
  let simpleDb: SimpleDbState | undefined;
  const release = () => {
    if (sqs !== undefined) closeSqs(sqs);
    if (simpleDb !== undefined) closeSimpleDb(simpleDb);
    group.flush();
    database.close();
  };
  try {
    const { receiptKey, ...credentials } = await loadSecrets(dir);
    const faults = options.nasty === undefined ? noFaults : createFaults(options.nasty);
    const place = { region: REGION, account: ACCOUNT };
    sqs = openSqs({ database, group, clock, ...place, receiptKey, report, faults });
    const events = eventQueues(sqs);
    const s3 = await openS3({ database, group, clock, dir, region: REGION, events, report });
    await provision(sqs, s3, options.provision ?? {});
    const sessions = openSessions(database, group, clock);
    const find = (id: string) => (id === credentials.accessKeyId ? credentials : sessions.find(id));
    simpleDb = openSimpleDb({ database, group, clock, credentials: find, report });
    const verifier = new Verifier(find, REGION, clock);
    const owner = new Verifier(credentials, REGION, clock);
    const imds = { clock, place, sessions, verifier: owner, report };
    const ec2 = openEc2({ database, group, imds, dir, settings: options.ec2 ?? {}, faults });
    const services = { sqs, s3, simpleDb, ec2, verifier, owner, clock, dir, report, faults };
    const front = await openFront(services, options.port ?? 0);
    const metadata = metadataServices(imds);
    const endpoint = `http://127.0.0.1:${front.port}`;
    await recordEndpoint(dir, { endpoint, region: REGION, pid: process.pid });
    await ec2.start(endpoint);
    const close = once(async () => {
      await forgetEndpoint(dir);
      await ec2.close();
      await metadata.close();
      if (sqs !== undefined) closeSqs(sqs); // answers who waits
      group.flush();
      await front.close();
      release();
    });
    return {
      endpoint,
      region: REGION,
      dir,
      credentials,
      faultCounts: () => faults.counts(),
      ec2: ec2.control,
      startImds: (wanted) => metadata.start(wanted),
      close,
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** Metadata services without an instance of EC2. */
function metadataServices(context: ImdsContext) {
  const started = new Set<RunningImds>();
  return {
    async start(wanted: Parameters<typeof startImds>[1]): Promise<RunningImds> {
      const imds = await startImds(context, wanted);
      started.add(imds);
      return imds;
    },
    async close(): Promise<void> {
      await Promise.all([...started].map((it) => it.close()));
    },
  };
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= work());
}
