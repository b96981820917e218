"""A crash at any point: nothing acknowledged is lost, nothing is stored twice, every state has its way out."""

import random
import time
from pathlib import Path

import pytest
import requests
from crashing import Sender, check_kept
from exchange_peers import Client, Served, noise, sha256

from exam import durable
from sync.exchange import identity
from sync.exchange.access import Entrance
from sync.exchange.accounts import Accounts
from sync.exchange.connections import Connections
from sync.exchange.database import Database
from sync.exchange.ground import Ground
from sync.exchange.holds import Holds
from sync.exchange.receipts import Receipts
from sync.exchange.register import AFTER, Register, State, Upload
from sync.exchange.tokens import Tokens
from sync.exchange.verifier import Verifier
from sync.exchange.yard import Yard

MIB = 1024 * 1024
CONTENT = noise("answer", 3 * MIB)


def upload_row(**changes: object) -> Upload:
    plain: dict[str, object] = {"id": "u1", "school": "701020", "folder": "", "filename": "x.mp3", "announced": None}
    plain["synced"] = len(CONTENT)
    return Upload(length=len(CONTENT), metadata="", **(plain | changes))  # type: ignore[arg-type]


def lie_incoming(folder: Path, upload: Upload, content: bytes = CONTENT) -> Register:
    """What a server that was killed leaves: a row and the bytes."""
    yard = Yard(folder)
    register = Register(Database(yard.database))
    path = yard.incoming(upload.school, upload.id)
    durable.make_folder(path.parent)
    path.write_bytes(content)
    register.add(upload)
    return register


def test_a_kill_during_an_upload_loses_nothing_acknowledged(client: Client) -> None:
    path = client.create(len(CONTENT), filename="x.mp3").headers["Location"]
    acknowledged = 0
    for end in (MIB // 2, MIB, 2 * MIB):
        client.patch(path, acknowledged, CONTENT[acknowledged:end])
        acknowledged = end
        client.served.kill()
        client.served.start()
        assert client.offset(path) == acknowledged
    client.patch(path, acknowledged, CONTENT[acknowledged:])
    assert client.receipt(sha256(CONTENT)).size == len(CONTENT)


def test_a_kill_in_the_middle_of_a_body_keeps_a_true_beginning(client: Client) -> None:
    content = CONTENT * 8
    path = client.create(len(content), filename="x.mp3").headers["Location"]

    def dying() -> object:
        for at in range(0, len(content), MIB // 4):
            if at == 20 * MIB:
                client.served.kill()
            yield content[at : at + MIB // 4]

    with pytest.raises(requests.ConnectionError):
        client.patch(path, 0, dying())
    client.served.start()
    offset = client.offset(path)
    assert 0 <= offset <= 20 * MIB
    assert client.patch(path, offset, content[offset:]).status_code == 204
    assert client.receipt(sha256(content))


@pytest.mark.parametrize("moment_s", [0.0, 0.001, 0.003, 0.01, 0.03])
def test_a_kill_right_after_the_last_byte(client: Client, moment_s: float) -> None:
    client.upload(CONTENT, filename="x.mp3")
    time.sleep(moment_s)  # where in the verification the kill falls, not a wait for anything
    client.served.kill()
    client.served.start()
    assert client.receipt(sha256(CONTENT)).size == len(CONTENT)
    client.served.stop()
    home = client.served.folder / "schools" / "701020" / "other"
    assert [path.read_bytes() for path in home.iterdir()] == [CONTENT]


@pytest.mark.parametrize("announced", [None, sha256(CONTENT)])
def test_a_whole_upload_is_verified_at_the_next_start(folder: Path, token: str, announced: str | None) -> None:
    lie_incoming(folder, upload_row(announced=announced))
    server = Served(folder)
    server.start()
    try:
        assert Client(server, token).receipt(sha256(CONTENT)).size == len(CONTENT)
    finally:
        server.end()
    assert (folder / "schools/701020/other/x.mp3").read_bytes() == CONTENT


def assail(client: Client, kills: int) -> None:
    """Four clients upload while the server is killed `kills` times, at random moments."""
    moments = random.Random(kills)  # noqa: S311 - moments, not secrets
    senders = [Sender(client, name, MIB) for name in "abcd"]
    for sender in senders:
        sender.start()
    for _ in range(kills):
        time.sleep(moments.uniform(0, 0.4))  # not to wait for something: to be at a random moment
        client.served.kill()
        client.served.start()
    for sender in senders:
        sender.finish()
    assert [sender.breaches for sender in senders] == [[], [], [], []]
    delivered = [sender.delivered for sender in senders]
    assert all(delivered), "one of them never got through"
    check_kept(client, [sender.told for sender in senders])
    assert len(list((client.served.folder / "schools/701020/other").iterdir())) == sum(delivered)
    assert not (client.served.folder / "quarantine").exists()


def test_kills_while_four_clients_upload(client: Client) -> None:
    assail(client, kills=3)


@pytest.mark.slow
def test_sixty_kills_while_four_clients_upload(client: Client) -> None:
    assail(client, kills=60)


def test_what_was_never_acknowledged_is_cut_off_and_not_trusted(folder: Path, token: str) -> None:
    """A power cut may leave the length of a file without its bytes."""
    upload = upload_row(synced=MIB)
    lie_incoming(folder, upload, CONTENT[:MIB] + bytes(2 * MIB))
    server = Served(folder)
    server.start()
    try:
        client = Client(server, token)
        assert client.offset("/files/u1") == MIB
        assert client.patch("/files/u1", MIB, CONTENT[MIB:]).status_code == 204
        assert client.receipt(sha256(CONTENT)).size == len(CONTENT)
    finally:
        server.end()


def test_an_exchange_from_before_such_notes_trusts_what_it_has(folder: Path) -> None:
    register = lie_incoming(folder, upload_row(synced=0))
    register._database.write("ALTER TABLE upload DROP COLUMN synced")
    found = Register(Database(Yard(folder).database)).find("u1")
    assert found
    assert found.synced == len(CONTENT)


class _Crash(Exception):
    """The process ends here, as far as the disk can tell."""


class _Crashing(Register):
    """Dies when it should commit the step to `state`, `after` or before doing so."""

    def __init__(self, database: Database, state: State, *, after: bool) -> None:
        super().__init__(database)
        self._state, self._after = state, after

    def advance(self, upload: Upload, state: State, **learned: str) -> Upload:
        if state is self._state and not self._after:
            raise _Crash
        done = super().advance(upload, state, **learned)
        if state is self._state:
            raise _Crash
        return done


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("state", [State.VERIFIED, State.STORED, State.QUARANTINED])
def test_verification_goes_on_from_every_state(folder: Path, state: State, after: bool) -> None:
    wrong = state is State.QUARANTINED
    upload = upload_row(announced="0" * 64 if wrong else None)
    register = lie_incoming(folder, upload)
    yard = Yard(folder)
    signer = identity.load(yard.key, "hub")

    crashing = Verifier(_Crashing(Database(yard.database), state, after=after), yard, signer)
    assert crashing.submit(upload).result() is None
    crashing.close()

    fresh = Verifier(register, yard, signer)
    fresh.resume()
    fresh.submit(upload).result()
    fresh.close()
    settled = register.find(upload.id)
    assert settled
    assert settled.state is (State.QUARANTINED if wrong else State.STORED)
    held = [path for path in folder.rglob("*") if path.is_file() and path.read_bytes() == CONTENT]
    assert held == [yard.quarantine("701020", "u1") if wrong else yard.day("701020", "") / "x.mp3"]


def test_a_verified_file_that_vanished_is_not_called_delivered(folder: Path) -> None:
    upload = upload_row(state=State.VERIFIED, sha256=sha256(CONTENT))
    register = lie_incoming(folder, upload)
    yard = Yard(folder)
    yard.incoming(upload.school, upload.id).unlink()
    verifier = Verifier(register, yard, identity.load(yard.key, "hub"))
    verifier.resume()
    verifier.submit(upload).result()
    verifier.close()
    settled = register.find(upload.id)
    assert settled
    assert settled.state is State.QUARANTINED


def test_a_termination_cut_short_is_finished_at_the_next_start(folder: Path) -> None:
    upload = upload_row()
    register = lie_incoming(folder, upload, b"x")
    yard = Yard(folder)
    yard.incoming(upload.school, upload.id).unlink()
    verifier = Verifier(register, yard, identity.load(yard.key, "hub"))
    verifier.resume()
    verifier.close()
    assert register.find(upload.id) is None


def test_a_file_that_goes_to_its_place_while_its_receipt_is_asked_for_is_not_called_unknown(folder: Path) -> None:
    upload = upload_row(announced=sha256(CONTENT))
    lie_incoming(folder, upload)
    yard = Yard(folder)
    signer, database = identity.load(yard.key, "hub"), Database(yard.database)

    class Late(Register):
        """Tells of a moment that is past when it is heard of."""

        def of_content(self, school: str, sha256: str) -> list[Upload]:
            found = super().of_content(school, sha256)
            verifier.submit(upload).result()
            return found

    verifier = Verifier(Register(database), yard, signer)
    entrance = Entrance(Accounts(database), Tokens(database), Connections(1), Ground(yard.folder))
    receipts = Receipts(entrance, Late(database), yard, Holds(), verifier, identity=signer)
    assert receipts._answer("701020", sha256(CONTENT)).status_code == 200
    verifier.close()


def test_a_settled_upload_stays_as_it_is(folder: Path) -> None:
    register = lie_incoming(folder, upload_row())
    for state, following in AFTER.items():
        for target in set(State) - following:
            with pytest.raises(ValueError, match=target):
                register.advance(upload_row(state=state), target)
