import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { DroverError } from "../../base/errors.ts";
import { exitCodeOf } from "../../base/system/cli.ts";
import { systemClock } from "../../base/system/clock.ts";
import { root } from "../../base/system/root.ts";
import { closeSqsClients, createSqsClients, openQueue } from "../../cloud/aws/sqs.ts";
import { validate } from "../../schemas/validate.ts";
import { serveClip } from "./clip-server.ts";
import { describeFindings } from "./findings.ts";
import { type Player, startPlayer, TO_HAVE_A_RESULT } from "./fleet.ts";

/** The article's users and passwords. */
const FILE_USER = { name: "dirk", password: "krid" };
const CALLBACK_USER = { name: "dirk", password: "tellnoone" };
const SECRET = `whsec_${Buffer.from("drover demonstration").toString("base64")}`;

const say = (text: string) => process.stdout.write(`${text}\n`);

/** `drover demo`: the main job, with every part a process of its own, in a folder that is removed at the end. */
export function main(): Promise<number> {
  return exitCodeOf("drover demo", async () => {
    const folder = await mkdtemp(join(tmpdir(), "drover-demo-"));
    const players: Player[] = [];
    try {
      await play(folder, (player) => {
        players.unshift(player);
        return player;
      });
    } finally {
      for (const player of players) await player.stop();
      await rm(folder, { recursive: true });
    }
    say("\nEvery process has ended. Next: README.md, or drover up.");
  });
}

async function play(folder: string, enter: (player: Player) => Player): Promise<void> {
  say("1  The embedded cloud: SQS and S3 on this machine");
  const cloud = enter(startPlayer("the cloud", ["cloud", "--dir", `${folder}/cloud`], process.env));
  const { endpoint, region } = JSON.parse(await cloud.line(/^\{.*"endpoint"/)) as {
    endpoint: string;
    region: string;
  };
  const env = { ...process.env, ...(await environment(folder)), DROVER_SECRETS_webhook: SECRET };
  Object.assign(process.env, env);
  say(`   ${endpoint}, ${region}`);

  say("2  An agent, a receiver of callbacks, and a web server with a video behind a password");
  const agent = enter(
    startPlayer(
      "the agent",
      ["agent", "--work-dir", `${folder}/work`, "--services", `${root}/services`],
      env,
    ),
  );
  const receiver = enter(
    startPlayer(
      "the receiver",
      ["receive", "--json", "--port", "0", "--dir", `${folder}/received`, "--user", CALLBACK_USER.name],
      { ...env, DROVER_RECEIVE_PASSWORD: CALLBACK_USER.password, DROVER_RECEIVE_SECRET: SECRET },
    ),
  );
  const callbackUrl = /http:\/\/[^"\s]+/.exec(await receiver.line(/http:\/\//))?.[0] ?? "";
  await agent.line(/agent\.ready/);
  const sample = await execa(process.execPath, [`${root}/services/analyze/sample.ts`], { stderr: "inherit" });
  const clip = await serveClip(sample.stdout.trim(), FILE_USER);
  try {
    await byCallback(folder, receiver, clip.url, callbackUrl);
    await byQueue(clip.url);
  } finally {
    clip.close();
  }
}

async function environment(folder: string): Promise<Record<string, string>> {
  const { stdout } = await drover(["cloud", "env", "--dir", `${folder}/cloud`]);
  return Object.fromEntries(
    [...stdout.matchAll(/^export (\w+)='?([^'\n]*)'?$/gm)].map(([, name, value]) => [name, value]),
  );
}

async function byCallback(folder: string, receiver: Player, clip: string, callback: string): Promise<void> {
  const arrived = receiver.line(/"messageId"/, TO_HAVE_A_RESULT);
  const messageId = await submit("3  A job whose result comes by callback", clip, [
    "--response=callback",
    `--callback_url=${callback}callback`,
    "--auth_method_response=http-basic",
    `--auth_user_response=${CALLBACK_USER.name}`,
    `--auth_pass_response=${CALLBACK_USER.password}`,
  ]);
  await arrived;
  show(
    await readFile(`${folder}/received/${messageId}.xml`, "utf8"),
    messageId,
    "signed, and POSTed to our receiver",
  );
}

async function byQueue(clip: string): Promise<void> {
  const messageId = await submit("4  The same through the response queue", clip, ["--response=queue"]);
  const clients = createSqsClients();
  try {
    const responses = await openQueue(clients, "drover-responses");
    const giveUpAt = systemClock.monotonic() + TO_HAVE_A_RESULT.ms;
    while (systemClock.monotonic() < giveUpAt) {
      const [message] = await responses.receive({ max: 1, waitS: 20, visibilityTimeoutS: 30 });
      if (message === undefined) continue;
      await responses.delete([message.receiptHandle]);
      show(message.body, messageId, "from the response queue");
      return;
    }
    throw new DroverError(
      "demo-failed",
      `The response queue ${TO_HAVE_A_RESULT.else} of ${messageId} in time.`,
    );
  } finally {
    closeSqsClients(clients);
  }
}

async function submit(title: string, clip: string, more: string[]): Promise<string> {
  say(`\n${title}`);
  const flags = [
    `--auth_user_file=${FILE_USER.name}`,
    "--auth_method_file=http-basic",
    "--param=R:-100",
    "--param=rate:1",
  ];
  say(
    `   submit-job ${clip} \\\n     ${[...flags, ...more].map((it) => it.replace(/(pass\w*)=.*/, "$1=…")).join(" \\\n     ")}`,
  );
  const args = [clip, ...flags, `--auth_pass_file=${FILE_USER.password}`, ...more, "--json"];
  const { stdout } = await execa(process.execPath, [submitJob(), ...args]);
  const { messageId } = JSON.parse(stdout) as { messageId: string };
  say(`   sent as ${messageId}`);
  return messageId;
}

function show(xml: string, messageId: string, way: string): void {
  const verdict = validate("response", xml);
  if (!verdict.ok)
    throw new DroverError("demo-failed", `The response is not valid: ${verdict.problems[0].message}`);
  const { status, message, rawOutput, messageId: answered } = verdict.value;
  if (status !== "success" || answered !== messageId || rawOutput === undefined) {
    throw new DroverError(
      "demo-failed",
      `The job ${messageId} came back as ${status} of ${answered}: ${message}`,
    );
  }
  const { text, faces, smiles } = describeFindings(rawOutput.content);
  say(`   ${message} (${way})\n   ${text.replaceAll("\n", "\n   ")}`);
  if (faces === 0 || smiles === 0) {
    throw new DroverError("demo-failed", "No face or no smile was found in a clip that has both.");
  }
}

function drover(args: readonly string[]) {
  return execa(process.execPath, [process.argv[1] ?? "", ...args]);
}

/** Beside our own entry point, as source or as bundle. */
function submitJob(): string {
  return (process.argv[1] ?? "").replace(/drover(\.\w+)$/, "submit-job$1");
}
