"""A tus server with receipts that lies as told: the real exchange never would."""

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync.model import Receipt


class Impostor:
    """`receipt` makes the answer to GET /receipts/<sha256> from an honest, signed receipt (None: 404).

    `refuse`: statuses (with headers) that the next requests of a method get instead.
    """

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.receipt: Callable[[Receipt], Receipt | None] = lambda honest: honest
        self.pending = 0
        self.uploads: dict[str, bytes] = {}
        self.metadata: dict[str, str] = {}
        self.same_address = False
        self.refuse: dict[str, list[tuple[int, dict[str, str]]]] = {}
        self.asked: list[str] = []
        self.server: ThreadingHTTPServer
        self.port = 0

    def shown_key(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    def honest(self, sha256: str) -> Receipt:
        size = next((len(body) for body in self.uploads.values() if hashlib.sha256(body).hexdigest() == sha256), 0)
        return Receipt("r1", "impostor", "hub", sha256, size, datetime.now(UTC), "server-hash").signed_by(self.key)


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    impostor: Impostor

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def parse_request(self) -> bool:
        sound = super().parse_request()
        if sound:
            self.impostor.asked.append(f"{self.command} {self.path}")
            planned = self.impostor.refuse.get(self.command)
            if planned:
                self.rfile.read(int(self.headers.get("Content-Length", "0")))
                self._answer(planned[0][0], planned.pop(0)[1])
                return False
        return sound

    def do_OPTIONS(self) -> None:
        self._answer(204, {"Tus-Extension": "creation"})

    def do_POST(self) -> None:
        address = "/files/1" if self.impostor.same_address else f"/files/{len(self.impostor.uploads) + 1}"
        self.impostor.uploads[address] = b""
        self.impostor.metadata[address] = self.headers["Upload-Metadata"]
        self._answer(201, {"Location": address})

    def do_HEAD(self) -> None:
        stored = self.impostor.uploads.get(self.path)
        if stored is None:
            return self._answer(404, {})
        told = {"Upload-Offset": str(len(stored)), "Upload-Metadata": self.impostor.metadata[self.path]}
        return self._answer(200, told)

    def do_PATCH(self) -> None:
        self.impostor.uploads[self.path] += self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(204, {"Upload-Offset": str(len(self.impostor.uploads[self.path]))})

    def do_DELETE(self) -> None:
        self.impostor.uploads.pop(self.path, None)
        self._answer(204, {})

    def do_GET(self) -> None:
        if self.path == "/key":
            public = base64.b64encode(self.impostor.shown_key()).decode()
            return self._answer(200, {}, json.dumps({"key": public}).encode())
        if self.impostor.pending:
            self.impostor.pending -= 1
            return self._answer(202, {})
        receipt = self.impostor.receipt(self.impostor.honest(self.path.rpartition("/")[2]))
        return self._answer(404, {}) if receipt is None else self._answer(200, {}, msgspec.json.encode(receipt))

    def _answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def impostor_server() -> Iterator[Impostor]:
    impostor = Impostor()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Conversation", (_Conversation,), {"impostor": impostor}))
    impostor.server, impostor.port = server, server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield impostor
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
