// A real tus server that signs nothing: `node tus_server.mjs FOLDER [HOST] [PORT]`; prints the port it took.
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";

const [directory, host = "127.0.0.1", port = "0"] = process.argv.slice(2);
const server = new Server({ path: "/files", datastore: new FileStore({ directory }) });
const listener = server.listen({ host, port: Number(port) }, () => console.log(listener.address().port));

// Node.js 20's undici now and then closes a request's stream twice, which would end the process. So no connection waits
// for an answer that never comes, all are cut: a client tries again.
process.on("uncaughtException", (error) => {
  console.error(error);
  listener.closeAllConnections();
});
