/** What the policies of a fleet are about. */
export interface Account {
  accountId: string;
  region: string;
  bucket: string;
  queues: { requests: string; responses: string; deliveries: string; dead: string };
  store: "s3" | "simpledb";
}

export interface Statement {
  Sid: string;
  Effect: "Allow";
  Action: string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

/** An IAM policy and, since JSON has no comments, who it is for and why it holds what it holds. */
export interface Policy {
  name: string;
  why: string;
  document: { Version: "2012-10-17"; Statement: Statement[] };
}

export function policy(name: string, why: string, statements: Statement[]): Policy {
  return { name, why, document: { Version: "2012-10-17", Statement: statements } };
}

export function allow(sid: string, actions: string[], resources: string | string[]): Statement {
  return { Sid: sid, Effect: "Allow", Action: actions, Resource: resources };
}

export function queues(
  { accountId, region, queues: named }: Account,
  ...names: (keyof Account["queues"])[]
): string[] {
  return names.map((it) => `arn:aws:sqs:${region}:${accountId}:${named[it]}`);
}

export function keys({ bucket }: Account, ...prefixes: string[]): string[] {
  return prefixes.map((it) => `arn:aws:s3:::${bucket}/${it}`);
}

/** Without it S3 answers 403 instead of 404 for what is not there: it takes the key for the prefix. */
export function list({ bucket }: Account, ...prefixes: string[]): Statement {
  return {
    ...allow("FindRecords", ["s3:ListBucket"], `arn:aws:s3:::${bucket}`),
    Condition: { StringLike: { "s3:prefix": prefixes } },
  };
}

/** What the store keeps, and where when it is S3. */
const RECORDS = { activity: "activity/*", status: "status/*", control: "control/*" };
export type RecordKind = keyof typeof RECORDS;

/** Reading records of the store, and where `write` says so, writing them. SimpleDB has two domains and no finer rights. */
export function records(account: Account, read: RecordKind[], write: RecordKind[] = []): Statement[] {
  if (account.store === "s3") {
    const of = (kinds: RecordKind[]) => keys(account, ...kinds.map((it) => RECORDS[it]));
    const reading = allow("ReadRecords", ["s3:GetObject"], of([...new Set([...read, ...write])]));
    return write.length === 0 ? [reading] : [reading, allow("WriteRecords", ["s3:PutObject"], of(write))];
  }
  const domains = ["drover_activity", "drover_status"].map(
    (it) => `arn:aws:sdb:${account.region}:${account.accountId}:domain/${it}`,
  );
  const writing = ["sdb:PutAttributes", "sdb:BatchPutAttributes", "sdb:DeleteAttributes"];
  return [
    allow("Records", ["sdb:Select", "sdb:GetAttributes", ...(write.length === 0 ? [] : writing)], domains),
  ];
}
