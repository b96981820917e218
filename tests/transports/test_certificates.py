"""What is wrong with a far end's certificate is told, and nothing is said to whoever shows it."""

import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from exam.errors import Fatal
from sync.transports.web import Bearer, Web

DAY = timedelta(days=1)
HERE = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


def certificate(path: Path, name: x509.GeneralName, begins_days: int) -> Path:
    """One of two days, its key with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    who, begins = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "far")]), datetime.now(UTC) + begins_days * DAY
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + 2 * DAY)
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, secret = serialization.Encoding.PEM, serialization.NoEncryption()
    path.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, secret))
    return path


@contextmanager
def showing(shown: Path, asked: list[str]) -> Iterator[str]:
    class Conversation(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers.get("Authorization", ""))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that trusts nobody hangs up."""

    server = Server(("127.0.0.1", 0), Conversation)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("name", "begins_days", "is_named", "told"),
    [
        (HERE, -3, True, "срок его истёк"),
        (HERE, 1, True, "ещё не начался"),
        (x509.DNSName("other.example"), -1, True, "на другое имя"),
        (HERE, -1, False, "никто не заверил"),
        (HERE, -1, True, None),
    ],
    ids=["expired", "of tomorrow", "of another", "of nobody", "right"],
)
def test_what_is_wrong_with_a_certificate_is_told(
    tmp_path: Path, name: x509.GeneralName, begins_days: int, is_named: bool, told: str | None
) -> None:
    file, asked = certificate(tmp_path / "far.pem", name, begins_days), list[str]()
    with showing(file, asked) as url:
        far = Web(url, Bearer("a-token"), ca_file=str(file) if is_named else None)
        if told is None:
            assert far.ask("GET", url).status_code == 204
            return
        with pytest.raises(Fatal, match=told) as refused:
            far.ask("GET", url)
    assert refused.value.code == "bad_certificate"
    assert asked == []
