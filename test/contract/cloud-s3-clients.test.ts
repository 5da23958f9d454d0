import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test, type TestContext } from "vitest";
import { temporaryFolder, testCloud, type TestCloud } from "../unit/cloud-local/cloud.ts";

// Everyday work of clients that others wrote, as Debian packages them. Where one is not installed its test is skipped
// and says so; with DROVER_REQUIRE_CLIENTS set it fails.

const call = promisify(execFile);
const LIMIT_MS = 60_000;
const BIG_BYTES = 20 * 1024 * 1024;

interface World {
  cloud: TestCloud;
  /** A folder with big.bin and the folder tree. */
  dir: string;
  run: (program: string, ...words: string[]) => Promise<string>;
}

async function world(context: TestContext, program: string, ...probe: string[]): Promise<World> {
  const found = await call(program, probe, { env: bare() }).then(
    () => true,
    () => false,
  );
  if (!found) {
    const missing = `${program} is not installed: apt-get install awscli python3-boto3 s3cmd rclone`;
    expect(process.env["DROVER_REQUIRE_CLIENTS"], missing).toBeUndefined();
    process.stderr.write(`skipped: ${missing}\n`);
    context.skip(missing);
  }
  const cloud = await testCloud();
  const dir = await temporaryFolder();
  await writeFile(join(dir, "big.bin"), randomBytes(BIG_BYTES));
  await mkdir(join(dir, "tree", "deep"), { recursive: true });
  for (const name of ["a.txt", "with space+é.txt", "deep/empty"])
    await writeFile(join(dir, "tree", name), name === "deep/empty" ? "" : name);
  const env = {
    ...bare(),
    HOME: dir,
    AWS_ACCESS_KEY_ID: cloud.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: cloud.credentials.secretAccessKey,
    AWS_DEFAULT_REGION: cloud.region,
    ENDPOINT: cloud.endpoint,
  };
  const run = async (name: string, ...words: string[]) =>
    (await call(name, words, { cwd: dir, env, timeout: LIMIT_MS, maxBuffer: 2 ** 24 })).stdout;
  return { cloud, dir, run };
}

/** Debian's programs first; nothing of this machine's own configuration of them. */
const bare = () => ({ PATH: `/usr/bin:${process.env["PATH"]}`, LANG: "C.UTF-8" });

async function expectSame(dir: string, a: string, b: string): Promise<void> {
  expect((await readFile(join(dir, a))).equals(await readFile(join(dir, b)))).toBe(true);
}

async function expectSameTree(dir: string, other: string): Promise<void> {
  const list = async (name: string) => (await readdir(join(dir, name), { recursive: true })).toSorted();
  expect(await list(other)).toEqual(await list("tree"));
  for (const name of ["a.txt", "with space+é.txt", "deep/empty"])
    await expectSame(dir, join("tree", name), join(other, name));
}

const read = async (url: string) => (await fetch(url.trim())).text();

test("awscli", { timeout: 2 * LIMIT_MS }, async (context) => {
  const { cloud, dir, run } = await world(context, "aws", "--version");
  const aws = (...words: string[]) => run("aws", "--endpoint-url", cloud.endpoint, ...words);
  await aws("s3", "mb", "s3://bucket");
  await aws("s3", "cp", "big.bin", "s3://bucket/big.bin");
  await aws("s3", "cp", "s3://bucket/big.bin", "back.bin");
  await expectSame(dir, "big.bin", "back.bin");
  await aws("s3", "sync", "tree", "s3://bucket/tree");
  await aws("s3", "sync", "s3://bucket/tree", "tree2");
  await expectSameTree(dir, "tree2");
  expect(await aws("s3", "sync", "tree", "s3://bucket/tree")).toBe("");
  await aws("s3", "mv", "s3://bucket/big.bin", "s3://bucket/moved.bin");
  expect(await read(await aws("s3", "presign", "s3://bucket/tree/a.txt"))).toBe("a.txt");
  expect((await aws("s3", "ls", "s3://bucket", "--recursive")).split("\n")).toHaveLength(5);
  await aws("s3", "rb", "--force", "s3://bucket");
  expect(await aws("s3", "ls")).toBe("");
});

test("boto3", { timeout: 2 * LIMIT_MS }, async (context) => {
  const { dir, run } = await world(context, "python3", "-c", "import boto3");
  const program = `
import boto3, os, urllib.request
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
s3 = boto3.client("s3", endpoint_url=os.environ["ENDPOINT"])
s3.create_bucket(Bucket="bucket")
parts = TransferConfig(multipart_threshold=6 * 2**20, multipart_chunksize=6 * 2**20)
s3.upload_file("big.bin", "bucket", "big.bin", Config=parts, ExtraArgs={"Metadata": {"a": "1"}})
s3.download_file("bucket", "big.bin", "back.bin", Config=parts)
head = s3.head_object(Bucket="bucket", Key="big.bin")
assert head["ETag"].endswith('-4"') and head["Metadata"] == {"a": "1"}, head
s3.copy({"Bucket": "bucket", "Key": "big.bin"}, "bucket", "copy.bin", Config=parts)
for name in ["a b", "ü/+", "c"]:
    s3.put_object(Bucket="bucket", Key=name, Body=name.encode())
pages = s3.get_paginator("list_objects_v2").paginate(Bucket="bucket", PaginationConfig={"PageSize": 2})
keys = [entry["Key"] for page in pages for entry in page["Contents"]]
assert keys == sorted(["a b", "big.bin", "c", "copy.bin", "ü/+"], key=str.encode), keys
url = s3.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "ü/+"})
assert urllib.request.urlopen(url).read().decode() == "ü/+"
body = s3.get_object(Bucket="bucket", Key="c", Range="bytes=0-0")["Body"].read()
assert body == b"c"
def once(request, **_):
    request.headers["If-None-Match"] = "*"
s3.meta.events.register("before-sign.s3.PutObject", once)
s3.put_object(Bucket="bucket", Key="new", Body=b"1")
try:
    s3.put_object(Bucket="bucket", Key="new", Body=b"2")
    raise SystemExit("the second conditional put was made")
except ClientError as error:
    assert error.response["Error"]["Code"] == "PreconditionFailed", error
answer = s3.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": key} for key in keys + ["new"]]})
assert len(answer["Deleted"]) == 6 and "Errors" not in answer, answer
s3.delete_bucket(Bucket="bucket")
`;
  await run("python3", "-c", program);
  await expectSame(dir, "big.bin", "back.bin");
});

test("s3cmd", { timeout: 2 * LIMIT_MS }, async (context) => {
  const { cloud, dir, run } = await world(context, "s3cmd", "--version");
  const { host } = new URL(cloud.endpoint);
  const options = [`--host=${host}`, `--host-bucket=${host}`, "--no-ssl", "--no-progress"];
  await writeFile(join(dir, ".s3cfg"), "[default]\n");
  const s3cmd = (...words: string[]) => run("s3cmd", ...options, ...words);
  await s3cmd("mb", "s3://bucket");
  await s3cmd("put", "--multipart-chunk-size-mb=6", "big.bin", "s3://bucket/big.bin");
  await s3cmd("get", "s3://bucket/big.bin", "back.bin");
  await expectSame(dir, "big.bin", "back.bin");
  await s3cmd("sync", "tree/", "s3://bucket/tree/");
  await mkdir(join(dir, "tree2"));
  await s3cmd("sync", "s3://bucket/tree/", "tree2/");
  await expectSameTree(dir, "tree2");
  await s3cmd("mv", "s3://bucket/big.bin", "s3://bucket/moved.bin");
  await s3cmd("modify", "--add-header=x-amz-meta-a:1", "s3://bucket/moved.bin");
  expect(await s3cmd("info", "s3://bucket/moved.bin")).toMatch(/x-amz-meta-a:\s+1/);
  expect(await s3cmd("info", "s3://bucket")).toMatch(/Policy:\s+none/);
  expect(await read(await s3cmd("signurl", "s3://bucket/tree/a.txt", "+60"))).toBe("a.txt");
  expect((await s3cmd("ls", "-r", "s3://bucket")).trim().split("\n")).toHaveLength(4);
  await s3cmd("rb", "-r", "--force", "s3://bucket");
  expect(await s3cmd("ls")).toBe("");
});

test("rclone", { timeout: 2 * LIMIT_MS }, async (context) => {
  const { cloud, dir, run } = await world(context, "rclone", "version");
  const remote = `[cloud]\ntype = s3\nprovider = Other\nenv_auth = true\nregion = ${cloud.region}\nendpoint = ${cloud.endpoint}\n`;
  await writeFile(join(dir, "rclone.conf"), remote);
  const rclone = (...words: string[]) => run("rclone", "--config", "rclone.conf", "--retries", "1", ...words);
  await rclone("mkdir", "cloud:bucket");
  await rclone("copy", "--s3-upload-cutoff", "6M", "--s3-chunk-size", "6M", "big.bin", "cloud:bucket");
  await rclone("copyto", "cloud:bucket/big.bin", "back.bin");
  await expectSame(dir, "big.bin", "back.bin");
  await rclone("sync", "tree", "cloud:bucket/tree");
  await rclone("check", "--download", "tree", "cloud:bucket/tree");
  await rclone("sync", "cloud:bucket/tree", "tree2");
  await expectSameTree(dir, "tree2");
  await rclone("moveto", "cloud:bucket/big.bin", "cloud:bucket/moved.bin");
  expect(await read(await rclone("link", "--expire", "60s", "cloud:bucket/tree/a.txt"))).toBe("a.txt");
  expect((await rclone("lsf", "-R", "--files-only", "cloud:bucket")).trim().split("\n")).toHaveLength(4);
  await rclone("purge", "cloud:bucket");
  expect(await rclone("lsd", "cloud:")).toBe("");
});
