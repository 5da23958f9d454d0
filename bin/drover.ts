console.log(process.version, process.argv, process.pid);
