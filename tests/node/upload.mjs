// Uploads files with tus-js-client, unchanged. Reads one JSON document on stdin:
// {endpoint, token, chunkSize?, abortAt?, options?, uploads: [{file, metadata, url?}]}; prints [{url, error, status}].
import { createReadStream, readFileSync, statSync } from "node:fs";
import { Upload } from "tus-js-client";

const request = JSON.parse(readFileSync(0, "utf8"));

function send({ file, metadata, url }) {
  return new Promise((resolve) => {
    const upload = new Upload(createReadStream(file), {
      endpoint: request.endpoint,
      uploadUrl: url,
      headers: { Authorization: `Bearer ${request.token}` },
      uploadSize: statSync(file).size,
      chunkSize: request.chunkSize ?? Infinity,
      retryDelays: [50, 100, 200],
      metadata,
      ...request.options,
      onProgress(sent) {
        if (request.abortAt !== undefined && sent >= request.abortAt) {
          upload.abort();
          resolve({ url: upload.url, error: "aborted", status: null });
        }
      },
      onSuccess: () => resolve({ url: upload.url, error: null, status: null }),
      onError: (error) =>
        resolve({ url: upload.url, error: String(error), status: error.originalResponse?.getStatus() ?? null }),
    });
    upload.start();
  });
}

console.log(JSON.stringify(await Promise.all(request.uploads.map(send))));
