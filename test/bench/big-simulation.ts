/** The simulator alone, with the options that it is given, so that its memory is nobody else's. */
import { main } from "../../autoscaler/simulator/main.ts";

process.exitCode = await main(process.argv.slice(2));
process.stderr.write(`peak ${process.resourceUsage().maxRSS} KiB\n`);
