"""An S3 that answers as told, whatever it is asked: no real one says all of this."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Told:
    """The answer to every request. `body` goes out `times` times over; a length is told only when it is one time."""

    def __init__(self) -> None:
        self.status = 200
        self.body = b""
        self.times = 1
        self.headers: dict[str, str] = {}
        self.objects: dict[str, bytes] | None = None
        """By path. Instead of all that: a storage that keeps what it is given, and knows no conditions."""
        self.sent = 0
        self.port = 0


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    told: Told

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.told.objects is not None:
            self.told.status, self.told.body = self._kept(self.told.objects, content)
        self.send_response(self.told.status)
        for name, value in self.told.headers.items():
            self.send_header(name, value)
        if self.told.times == 1:
            self.send_header("Content-Length", str(len(self.told.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD":
            return
        try:
            for _ in range(self.told.times):
                self.wfile.write(self.told.body)
                self.told.sent += len(self.told.body)
        except OSError:
            return  # the client has heard enough

    def _kept(self, objects: dict[str, bytes], content: bytes) -> tuple[int, bytes]:
        if "If-None-Match" in self.headers:
            return 501, b"<Error><Code>NotImplemented</Code></Error>"
        path = self.path.partition("?")[0]
        if self.command in {"PUT", "POST"}:
            objects[path] = content
            return 200, b"<CompleteMultipartUploadResult/>"
        return (200, objects[path]) if path in objects else (404, b"<Error><Code>NoSuchKey</Code></Error>")

    def do_PUT(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.do_GET()

    def do_HEAD(self) -> None:
        self.do_GET()


@contextmanager
def s3_impostor() -> Iterator[Told]:
    told = Told()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Conversation", (_Conversation,), {"told": told}))
    told.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
