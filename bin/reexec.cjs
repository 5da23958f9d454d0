"use strict";
// For `node bin/drover` under an older Node: becomes (or starts) the Node 24 that bin/runtime.sh finds.
const { spawn } = require("node:child_process");
const { join } = require("node:path");

exports.run = function run(name) {
  const argv = ["/bin/sh", join(__dirname, name), ...process.argv.slice(2)];
  if (process.execve) process.execve(argv[0], argv);
  const child = spawn(argv[0], argv.slice(1), { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
};
