// Azurite loads this first.
const http = require("node:http");

// However the process that started Azurite ends, standard input then closes.
process.stdin.on("end", () => process.exit(0)).resume();

// Azurite closes a connection after six seconds without a request, and its options to change that have no effect. A POST
// that is sent at that moment fails, and the storage clients don't retry it. They close a connection themselves after 15
// seconds.
const createServer = http.createServer;
http.createServer = (...of) =>
  Object.defineProperty(createServer(...of), "keepAliveTimeout", { get: () => 60_000, set: () => undefined });
