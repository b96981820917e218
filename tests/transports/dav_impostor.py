"""A WebDAV server in memory that misbehaves as told: those of `far_webdav` never would."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

Planned = tuple[int, dict[str, str], bytes]


class Impostor:
    """`files`: content by path. `planned`: what the next requests of a method get instead of an answer; the last one
    stays. `asked`: what came, with the Destination of a MOVE."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.planned: dict[str, list[Planned]] = {}
        self.asked: list[str] = []
        self.secrets: set[str] = set()
        self.listed = b"<multistatus xmlns='DAV:'/>"
        self.ranges = True
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def plan(self, status: int, methods: str, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        for method in methods.split():
            self.planned.setdefault(method, []).append((status, headers or {}, body))


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    impostor: Impostor

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("do_"):
            return self._converse
        raise AttributeError(name)

    def _converse(self) -> None:
        told = self.impostor
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        told.secrets.add(self.headers.get("Authorization", ""))
        told.asked.append(" ".join([self.command, self.path, *self.headers.get_all("Destination", [])]))
        planned = told.planned.get(self.command, [])
        if planned:
            self._answer(*(planned.pop(0) if len(planned) > 1 else planned[0]))
        else:
            self._answer(*self._honest(unquote(self.path), body))

    def _honest(self, path: str, body: bytes) -> Planned:
        match self.command:
            case "PROPFIND":
                return 207, {}, self.impostor.listed
            case "HEAD" | "GET":
                return self._content(path)
            case _:
                return self._change(path, body), {}, b""

    def _change(self, path: str, body: bytes) -> int:
        files = self.impostor.files
        match self.command:
            case "PUT":
                files[path] = body
            case "MOVE":
                return self._move(path, unquote(urlsplit(self.headers["Destination"]).path))
            case "DELETE":
                return 204 if files.pop(path, None) is not None else 404
        return 201

    def _content(self, path: str) -> Planned:
        files = self.impostor.files
        if path not in files:
            return 404, {}, b""
        asked = self.headers.get("Range", "")
        if asked and self.impostor.ranges:
            first = int(asked.removeprefix("bytes=").removesuffix("-"))
            return 206, {"Content-Range": f"bytes {first}-/{len(files[path])}"}, files[path][first:]
        return 200, {}, files[path]

    def _move(self, path: str, destination: str) -> int:
        files = self.impostor.files
        if path not in files:
            return 404
        if destination in files:
            return 412
        files[destination] = files.pop(path)
        return 201

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that hangs up is no error."""


@contextmanager
def impostor() -> Iterator[Impostor]:
    told = Impostor()
    server = _Server(("127.0.0.1", 0), type("Conversation", (_Conversation,), {"impostor": told}))
    told.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
