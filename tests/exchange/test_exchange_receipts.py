"""Receipts: signed by a key that stays, worthless when altered, exactly as the model encodes them."""

import base64
import stat

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from exchange_peers import Client, sha256

from exam.errors import Fatal
from sync.exchange import identity
from sync.exchange.yard import Yard
from sync.model import Receipt

CONTENT = b"an answer of fifteen minutes"


def test_a_receipt_holds_only_as_it_was_signed(client: Client) -> None:
    client.upload(CONTENT, filename="x")
    receipt = client.receipt(sha256(CONTENT))
    key = client.key()
    assert receipt.is_signed_by(key)
    assert not receipt.is_signed_by(Ed25519PrivateKey.generate().public_key())
    for change in ({"sha256": "0" * 64}, {"size": 1}, {"tier": "centre"}, {"receipt_id": "x"}, {"signature": None}):
        assert not msgspec.structs.replace(receipt, **change).is_signed_by(key)
    assert client.ask("GET", f"/receipts/{sha256(CONTENT)}").content == msgspec.json.encode(receipt)


def test_the_key_outlives_the_process_and_is_shown_as_the_agent_pins_it(client: Client) -> None:
    client.upload(CONTENT, filename="x")
    receipt, key = client.receipt(sha256(CONTENT)), client.key()
    assert client.served.stop() == 0
    client.served.start()
    assert client.receipt(sha256(CONTENT)) == receipt
    assert receipt.is_signed_by(client.key())
    assert len(key.public_bytes_raw()) == 32
    answer = client.ask("GET", "/key")
    assert set(answer.json()) == {"key"}
    assert Ed25519PublicKey.from_public_bytes(base64.b64decode(answer.json()["key"])) == key


def test_the_secrets_are_the_owners_alone(client: Client) -> None:
    client.upload(CONTENT, filename="x")
    client.receipt(sha256(CONTENT))
    yard = Yard(client.served.folder)
    token = client.headers["Authorization"].removeprefix("Bearer ").encode()
    for path in [yard.key, yard.lock, *yard.folder.glob("exchange.db*")]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert token not in path.read_bytes()
    assert token.decode() not in client.served.log


def test_the_tier_is_what_the_server_was_told(client: Client) -> None:
    signer = identity.load(Yard(client.served.folder).key, "centre")
    assert signer.tier == "centre"
    assert signer.server.startswith("exchange-")
    assert signer.public_base64 == client.ask("GET", "/key").json()["key"]


def test_a_broken_key_stops_the_start_and_is_not_replaced(client: Client) -> None:
    path = Yard(client.served.folder).key
    path.write_text("no key")
    with pytest.raises(Fatal, match=str(path)):
        identity.load(path, "hub")
    assert path.read_text() == "no key"


def test_asking_for_what_never_came(client: Client) -> None:
    answer = client.ask("GET", f"/receipts/{'0' * 64}")
    assert answer.status_code == 404
    assert answer.headers["X-Error-Code"] == "unknown"


def test_the_model_reads_what_the_server_wrote(client: Client) -> None:
    client.upload(CONTENT, filename="x")
    client.receipt(sha256(CONTENT))
    answer = client.ask("GET", f"/receipts/{sha256(CONTENT)}")
    assert answer.headers["Content-Type"] == "application/json"
    assert set(answer.json()) == set(Receipt.__struct_fields__) - {"chain_head"}, "it is no stream's manifest"
