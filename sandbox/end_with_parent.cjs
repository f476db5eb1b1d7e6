// Loaded into Azurite before anything else: when the process that started it is gone, however it went, standard input ends.
process.stdin.on("end", () => process.exit(0)).resume();
