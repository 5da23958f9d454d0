import { main } from "../client/main.ts";

// `submit-job … | head` closes our output early: that is the reader's choice, not an error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 3));
process.exitCode = await main(process.argv.slice(2));
