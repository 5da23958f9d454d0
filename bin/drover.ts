/** The operator's command. Each subcommand is loaded only when it is asked for. */
type Main = (argv: string[]) => Promise<number>;

const COMMANDS: Record<string, { summary: string; load: () => Promise<{ main: Main }> }> = {
  up: {
    summary: "embedded cloud and an agent, here, in the foreground",
    load: () => import("../operator/up/main.ts"),
  },
  agent: {
    summary: "take jobs, run their programs, return the results",
    load: () => import("../agent/begin/main.ts"),
  },
  status: { summary: "queues and instances of the fleet", load: () => import("../operator/status/main.ts") },
  jobs: { summary: "look at one job, or cancel it", load: () => import("../operator/jobs/main.ts") },
  dlq: { summary: "requests that wait for a person", load: () => import("../operator/dlq/main.ts") },
  doctor: {
    summary: "what this machine gives, and what keeps an agent from working",
    load: () => import("../operator/doctor/main.ts"),
  },
  setup: { summary: "create the fleet's queues and bucket", load: () => import("../operator/setup/main.ts") },
  services: {
    summary: "what this machine can run, and what it lacks",
    load: () => import("../operator/services/main.ts"),
  },
  init: {
    summary: "write settings, key, policies and user-data for an account",
    load: () => import("../operator/init/main.ts"),
  },
  release: {
    summary: "build releases, make and use the key that signs them",
    load: () => import("../operator/release/main.ts"),
  },
  deploy: { summary: "ship a release to the fleet", load: () => import("../operator/deploy/main.ts") },
  releases: {
    summary: "which releases run, should run and ran",
    load: async () => ({ main: (await import("../operator/deploy/main.ts")).releases }),
  },
  rollback: {
    summary: "take the canary or the last release back",
    load: async () => ({ main: (await import("../operator/deploy/main.ts")).rollback }),
  },
  promote: {
    summary: "give the canary to the whole fleet",
    load: async () => ({ main: (await import("../operator/deploy/main.ts")).promote }),
  },
  autoscaler: {
    summary: "launch and end instances as the load asks for it",
    load: () => import("../autoscaler/main.ts"),
  },
  simulate: {
    summary: "scaling policies on a load of yours, side by side",
    load: () => import("../autoscaler/simulator/main.ts"),
  },
  cloud: { summary: "the embedded cloud: SQS and S3 on this machine", load: () => import("./cloud.ts") },
  demo: {
    summary: "the main job, end to end, on this machine",
    load: () => import("../operator/demo/main.ts"),
  },
  receive: { summary: "a reference receiver of callbacks", load: () => import("../client/receive/main.ts") },
};

const HELP = `Usage: drover <command> [options]

A worker fleet: any command-line binary becomes a queue service that never loses a job.

Commands:
${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`)
  .join("\n")}

  drover <command> --help says more. Jobs are submitted with submit-job.

Exit codes: 0 fine · 1 failed · 64 wrong usage or settings · 69 something it needs is not there.
`;

// `drover … | head` closes our output early: an end without a word, and the exit code that a shell gives for SIGPIPE.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 141 : 1));

const [name = "", ...rest] = process.argv.slice(2);
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
if (command !== undefined) {
  process.exitCode = await (await command.load()).main(rest);
} else if (["--help", "-h", "help"].includes(name)) {
  process.stdout.write(HELP);
} else if (name === "--version") {
  const { version } = await import("../base/system/root.ts");
  process.stdout.write(`${version}\n`);
} else {
  process.stderr.write(name === "" ? HELP : `drover: there is no command ${name}.\n\n${HELP}`);
  process.exitCode = 64;
}
