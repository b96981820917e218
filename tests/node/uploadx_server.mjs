// A real tus server with the checksum extension: `node uploadx_server.mjs FOLDER [HOST] [PORT]`; prints its port.
import { DiskStorage, tus } from "@uploadx/core";
import express from "express";

const [directory, host = "127.0.0.1", port = "0"] = process.argv.slice(2);
const app = express();
const storage = new DiskStorage({ directory, path: "/files", allowMIME: ["*/*"] });
while (!storage.isReady) await new Promise((resolve) => setTimeout(resolve, 5)); // until then it answers 503
app.use("/files", tus({ storage }));
const listener = app.listen(Number(port), host, () => console.log(listener.address().port));
