// Azurite loads this first. However the process that started Azurite ends, standard input then closes.
process.stdin.on("end", () => process.exit(0)).resume();
