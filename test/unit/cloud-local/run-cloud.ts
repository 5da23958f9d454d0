import { main } from "../../../cloud/local/main.ts";

process.exitCode = await main(process.argv.slice(2));
