// A real tus server that signs nothing: `node tus_server.mjs FOLDER [HOST] [PORT]`; prints the port it took.
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";

// Node.js 20's undici now and then closes a request's stream twice, which would end the process; nothing is lost by it.
process.on("uncaughtException", (error) => console.error(error));

const [directory, host = "127.0.0.1", port = "0"] = process.argv.slice(2);
const server = new Server({ path: "/files", datastore: new FileStore({ directory }) });
const listener = server.listen({ host, port: Number(port) }, () => console.log(listener.address().port));
