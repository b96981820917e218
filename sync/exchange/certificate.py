"""The certificate an exchange makes for itself, once: what rooms pin. Called by `commands`.

Who pins it asks for no dates and no names; those it bears are for people's browsers. It begins in the past, so that a
room's clock that is behind refuses nothing, and lasts as long as a school's computers.
"""

import hashlib
import ipaddress
import socket
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from exam import durable
from exam.errors import Fatal
from sync.exchange.yard import Yard

_BEGINS, _ENDS = datetime(2020, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC)
_COMMON_NAME_LETTERS = 64


def ensure(yard: Yard, host: str) -> tuple[Path, Path]:
    """The files of certificate and key, made at the first start. `host`: what is listened at.

    Raises OSError as the disk does. Key first: a certificate without its key would be of no use, and is not replaced.
    """
    if not yard.tls_certificate.exists():
        durable.make_folder(yard.folder)
        key = _key(yard.tls_key)
        durable.publish(yard.tls_certificate, _certificate(key, _names(host)).public_bytes(serialization.Encoding.PEM))
    return yard.tls_certificate, yard.tls_key


def fingerprint(certificate: Path) -> str:
    """The SHA-256 of the first certificate in a PEM file, hexadecimal. Raises Fatal where there is none, OSError."""
    try:
        found = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    except (ValueError, IndexError) as error:
        raise Fatal(
            f"Сертификат {certificate} испорчен. Верните его из резервной копии: по нему аудитории узнают этот сервер.",
            f"The certificate {certificate} is broken. Restore it from a backup: rooms know this server by it.",
            code="bad_certificate_file",
        ) from error
    return hashlib.sha256(found.public_bytes(serialization.Encoding.DER)).hexdigest()


def own_addresses() -> list[str]:
    """What other computers of this network may call this one, best first; loopback last."""
    found = [address for family in (socket.AF_INET, socket.AF_INET6) if (address := _towards_outside(family))]
    return [*dict.fromkeys(found), "127.0.0.1"]


def _towards_outside(family: socket.AddressFamily) -> str | None:
    """The address that would be used to go out; nothing is sent."""
    outside = "192.0.2.1" if family is socket.AF_INET else "2001:db8::1"
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((outside, 9))
            address = str(probe.getsockname()[0])
    except OSError:
        return None
    return None if ipaddress.ip_address(address).is_link_local else address


def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Made unless a start was cut short after it had been."""
    if not path.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        durable.publish(path, pem, mode=0o600)
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Fatal(
            f"Ключ {path} испорчен. Верните его из резервной копии вместе с сертификатом, или уберите его отсюда.",
            f"The key {path} is broken. Restore it from a backup with its certificate, or take it away.",
            code="bad_certificate_file",
        )
    return key


def _names(host: str) -> list[x509.GeneralName]:
    names = [socket.gethostname(), "localhost"]
    addresses = {*own_addresses(), "127.0.0.1", "::1"}
    try:
        given = ipaddress.ip_address(host)
        if not given.is_unspecified:
            addresses.add(host)
    except ValueError:
        names.append(host)
    told: Iterable[x509.GeneralName] = (x509.IPAddress(ipaddress.ip_address(one)) for one in sorted(addresses))
    return [*(x509.DNSName(name) for name in dict.fromkeys(names) if name and name.isascii()), *told]


def _certificate(key: ec.EllipticCurvePrivateKey, names: list[x509.GeneralName]) -> x509.Certificate:
    called = socket.gethostname()[:_COMMON_NAME_LETTERS] or "exchange"
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called)])
    return (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), _BEGINS, _ENDS)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
