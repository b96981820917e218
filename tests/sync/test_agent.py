"""The agent in one process against a server that lies, stalls or refuses: proof is proof, or it is nothing."""

import itertools
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from impostor import Impostor, impostor_server
from inprocess import Silence, deliver
from msgspec.structs import replace
from school import School, Target, noise, sha256

from exam.clock import SystemClock
from exam.errors import Fatal
from sync import config, ledger, pace, watch
from sync.agent import Agent
from sync.ledger import Ledger
from sync.life import Stop
from sync.model import ItemState, Receipt
from sync.notify import News, Notifier
from sync.pace import Pace
from sync.receipts import Receipts
from sync.transports.tus import Tus


@pytest.fixture
def impostor() -> Iterator[Impostor]:
    with impostor_server() as server:
        yield server


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "OTHERS_FIRST_S", 0.0)


def test_an_honest_receipt_is_stored_and_the_key_pinned(school: School, impostor: Impostor) -> None:
    school.record("Иванов И", noise(1000))
    impostor.pending = 3
    complete, rows, _ = deliver(school, impostor)
    assert complete
    assert {row.state for row in rows} == {ItemState.DELIVERED}
    assert (school.state / "server.key").exists()
    assert Receipts(school.state).stored(sha256(noise(1000))) is not None


@pytest.mark.parametrize(
    "forge",
    [
        lambda honest: replace(honest, signature=None),
        lambda honest: replace(honest, tier="centre"),
        lambda honest: honest.signed_by(Ed25519PrivateKey.generate()),
        lambda honest: replace(honest, signature="!"),
    ],
    ids=["unsigned", "altered", "another key", "garbage"],
)
def test_a_forged_signature_stops_everything(school: School, impostor: Impostor, forge: object) -> None:
    school.record("Иванов И", noise(1000))
    impostor.receipt = forge  # type: ignore[assignment]
    with pytest.raises(Fatal, match="Подпись сервера"):
        deliver(school, impostor)
    assert ItemState.DELIVERED not in {row.state for row in ledger.read(school.state)}
    assert not (school.state / "receipts").exists()


@pytest.mark.parametrize("wrong", [{"sha256": "0" * 64}, {"size": 1}])
def test_a_receipt_for_other_bytes_is_refused(school: School, impostor: Impostor, wrong: dict[str, object]) -> None:
    school.record("Иванов И", noise(1000))
    impostor.receipt = lambda honest: replace(honest, **wrong).signed_by(impostor.key)
    complete, rows, _ = deliver(school, impostor)
    assert not complete
    assert ItemState.DELIVERED not in {row.state for row in rows}


def test_a_hub_is_not_taken_for_the_centre(school: School, impostor: Impostor) -> None:
    school.record("Иванов И", noise(1000))
    complete, rows, _ = deliver(school, impostor, tier="centre")
    assert not complete
    assert ItemState.DELIVERED not in {row.state for row in rows}


def test_a_server_may_not_claim_to_have_been_read_back(school: School, impostor: Impostor) -> None:
    school.record("Иванов И", noise(1000))
    impostor.receipt = lambda honest: replace(honest, method="read-back", signature=None)
    assert not deliver(school, impostor)[0]


def test_another_key_after_the_first_use_is_refused(school: School, impostor: Impostor) -> None:
    school.record("Иванов И", noise(1000))
    assert deliver(school, impostor)[0]
    school.record("Петров П", noise(1000, 2))
    impostor.key = Ed25519PrivateKey.generate()
    with pytest.raises(Fatal):
        deliver(school, impostor)


def test_a_receipt_replayed_for_another_file_is_none(school: School, impostor: Impostor) -> None:
    """Signed by the right server, for other bytes: in an answer, and laid among the kept ones."""
    school.record("Иванов И", noise(1000))
    assert deliver(school, impostor)[0]
    old = Receipts(school.state).stored(sha256(noise(1000)))
    assert old
    school.record("Петров П", noise(1000, 2))
    impostor.receipt = lambda _: old
    complete, rows, _ = deliver(school, impostor)
    assert not complete
    assert [row.state for row in rows].count(ItemState.DELIVERED) == 2, "the first recording and its manifest"
    folder = school.state / "receipts"
    (folder / f"{sha256(noise(1000, 2))}.json").write_bytes((folder / f"{old.sha256}.json").read_bytes())
    assert not Receipts(school.state).proves(sha256(noise(1000, 2)), 1000)


@pytest.mark.parametrize("altered", [{"stored_at": datetime(2020, 1, 1, tzinfo=UTC)}, {"server": "another"}])
def test_a_receipt_altered_on_disk_proves_nothing_and_is_asked_for_again(
    school: School, impostor: Impostor, altered: dict[str, object]
) -> None:
    school.record("Иванов И", noise(1000))
    assert deliver(school, impostor)[0]
    receipts = Receipts(school.state)
    good = receipts.stored(sha256(noise(1000)))
    assert good
    path = school.state / "receipts" / f"{good.sha256}.json"
    path.write_bytes(msgspec.json.encode(replace(good, **altered)))
    assert not receipts.proves(good.sha256, good.size)
    assert deliver(school, impostor)[0]
    assert receipts.proves(good.sha256, good.size)
    assert sum("POST" in asked for asked in impostor.asked) == 2, "the bytes did not travel again"


def test_a_server_that_keeps_losing_a_file_is_given_up(school: School, impostor: Impostor) -> None:
    school.record("Иванов И", noise(1000))
    impostor.receipt = lambda _: None
    complete, rows, _ = deliver(school, impostor)
    assert not complete
    assert rows[1].state is ItemState.NEEDS_HUMAN
    assert sum("POST" in asked for asked in impostor.asked) == 3


def test_an_upload_the_server_forgot_is_begun_anew(school: School, impostor: Impostor) -> None:
    school.record("Иванов И", noise(1000))
    impostor.refuse["PATCH"] = [(404, {})]
    impostor.refuse["HEAD"] = [(410, {})]
    complete, _, silence = deliver(school, impostor)
    assert complete
    assert len(silence.setbacks) == 1


def test_a_receipt_for_the_same_content_elsewhere_is_no_proof(school: School, impostor: Impostor) -> None:
    """The server set this upload aside (410); the receipt it gives is for the same bytes under another name."""
    school.record("Иванов И", noise(1000))
    impostor.refuse["HEAD"] = [(410, {})]
    assert deliver(school, impostor)[0]
    assert sum("POST" in asked for asked in impostor.asked) == 3, "the recording twice, its manifest once"


def test_an_address_that_is_none_is_named(school: School, impostor: Impostor) -> None:
    school.record("Иванов И", noise(1000))
    impostor.refuse["POST"] = [(201, {"Location": "http://[broken"})]
    with pytest.raises(Fatal, match=r"target\.url"):
        deliver(school, impostor)


@pytest.mark.parametrize("offset", ["9" * 5000, "-1", "\xb2"])
def test_an_offset_that_is_none_is_asked_for_again(school: School, impostor: Impostor, offset: str) -> None:
    school.record("Иванов И", noise(1000))
    impostor.refuse["PATCH"] = [(204, {"Upload-Offset": offset})]
    complete, _, silence = deliver(school, impostor)
    assert complete
    assert [error.code for error in silence.setbacks] == ["garbled"]


@pytest.mark.parametrize("content", [b'{"receipt_id": "\xff"}', b'{"more": ' + b"[" * 99_999 + b"]" * 99_999 + b"}"])
def test_a_stored_receipt_that_cannot_be_read_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "receipts").mkdir()
    (tmp_path / "receipts" / f"{'0' * 64}.json").write_bytes(content)
    assert Receipts(tmp_path).stored("0" * 64) is None


def test_an_address_given_twice_is_refused(school: School, impostor: Impostor) -> None:
    school.record("Иванов И", noise(1000))
    school.record("Петров П", noise(1000, 2))
    impostor.same_address = True
    complete, rows, _ = deliver(school, impostor)
    assert not complete
    assert [row.state for row in rows].count(ItemState.DELIVERED) == 1


@pytest.mark.parametrize("status", [423, 429, 500, 503])
def test_a_busy_server_is_tried_again(school: School, impostor: Impostor, status: int) -> None:
    school.record("Иванов И", noise(1000))
    impostor.refuse = {"POST": [(status, {"Retry-After": "0"})], "PATCH": [(status, {})], "GET": [(503, {})]}
    complete, _, silence = deliver(school, impostor)
    assert complete
    assert len(silence.setbacks) == 3


def test_a_file_too_large_for_one_request_goes_in_smaller_ones(school: School, impostor: Impostor) -> None:
    content = noise(3_000_000)
    school.record("Иванов И", content)
    impostor.refuse["PATCH"] = [(413, {})]
    assert deliver(school, impostor)[0]
    assert content in impostor.uploads.values()


@pytest.mark.parametrize("status", [409, 413, 400])
def test_a_refused_file_does_not_stop_the_others(school: School, impostor: Impostor, status: int) -> None:
    school.record("Иванов И", noise(1000))
    school.record("Петров П", noise(1000, 2))
    impostor.refuse["POST"] = [(status, {})]
    complete, rows, _ = deliver(school, impostor)
    assert not complete
    states = {row.path.rpartition("_")[2]: row.state for row in rows}
    assert states["Иванов И.wav"] is ItemState.QUARANTINED
    assert states["Иванов И.json"] is ItemState.HASHED, "a manifest never goes ahead of its recording"
    assert states["Петров П.json"] is ItemState.DELIVERED


@pytest.mark.parametrize(
    ("status", "word"), [(401, "token_file"), (403, "token_file"), (404, "target.url"), (407, "HTTPS_PROXY")]
)
def test_what_a_person_must_mend_is_named(school: School, impostor: Impostor, status: int, word: str) -> None:
    school.record("Иванов И", noise(1000))
    impostor.refuse["POST"] = [(status, {})]
    with pytest.raises(Fatal, match=word):
        deliver(school, impostor)


def test_a_redirect_never_carries_the_token_away(school: School, impostor: Impostor) -> None:
    school.record("Иванов И", noise(1000))
    impostor.refuse["POST"] = [(307, {"Location": "http://elsewhere.invalid/files"})]
    with pytest.raises(Fatal, match="elsewhere"):
        deliver(school, impostor)


def test_an_address_never_carries_the_token_away(school: School, impostor: Impostor) -> None:
    """A path that begins with two slashes is a path, though a link would be to another server."""
    content = noise(1000)
    school.record("Иванов И", content)
    impostor.refuse["POST"] = [(201, {"Location": "http://far.invalid//elsewhere.invalid/1"})]
    impostor.uploads["/elsewhere.invalid/1"] = b""
    impostor.metadata["/elsewhere.invalid/1"] = ""
    deliver(school, impostor)
    assert impostor.uploads["/elsewhere.invalid/1"] == content, "http.server takes two slashes for one"


def test_a_file_changed_while_it_is_sent_never_arrives_whole(school: School, impostor: Impostor) -> None:
    """The size is right and the beginning too; only the hash knows."""
    content = noise(40_000_000)
    stem = school.record("Иванов И", content)
    with (school.day / f"{stem}.wav").open("r+b") as file:
        file.seek(-10, 2)
        file.write(b"0123456789")
    complete, rows, _ = deliver(school, impostor)
    assert not complete
    assert rows[1].state is ItemState.CHANGED
    assert all(len(body) < len(content) for body in impostor.uploads.values())


def test_a_receipt_already_on_disk_is_kept(school: School, impostor: Impostor) -> None:
    school.record("Иванов И", noise(1000))
    school.record("Петров П", noise(1000))
    assert deliver(school, impostor)[0]
    kept = Receipts(school.state).stored(sha256(noise(1000)))
    assert isinstance(kept, Receipt)
    assert Receipts(school.state).keep(replace(kept, receipt_id="later")) == kept


def test_a_damaged_ledger_is_set_aside_and_everything_found_again(school: School, impostor: Impostor) -> None:
    school.record("Иванов И", noise(1000))
    assert deliver(school, impostor)[0]
    for path in school.state.glob("ledger.sqlite*"):
        path.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    complete, rows, _ = deliver(school, impostor)
    assert complete
    assert len(rows) == 2
    assert list(Path(school.state).glob("damaged-*"))


def test_an_untrusted_certificate_is_fatal_and_named(school: School, impostor: Impostor, tmp_path: Path) -> None:
    school.record("Иванов И", noise(1000))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    impostor.server.socket = context.wrap_socket(impostor.server.socket, server_side=True)
    with pytest.raises(Fatal, match="Сертификату"):
        deliver(school, impostor, url=f"https://127.0.0.1:{impostor.port}/files")


def self_signed(folder: Path) -> Path:
    """A certificate nobody vouches for, and its key, in one file."""
    key, name = Ed25519PrivateKey.generate(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(private + builder.sign(key, None).public_bytes(Encoding.PEM))
    return path


def test_a_ledger_that_cannot_be_written_is_said_and_told(
    school: School, impostor: Impostor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be noted then: whoever looks at the notes would learn nothing, the service go on in silence."""
    school.record("Иванов И", noise(1000))
    heard: list[News] = []
    monkeypatch.setattr(Notifier, "tell", lambda _self, news: heard.append(news))

    def full(*_: object, **_more: object) -> None:
        raise Fatal("Журнал недоступен: диск полон", "full", code=ledger.UNUSABLE)

    monkeypatch.setattr(Ledger, "move", full)
    listener = run_until_idle(school, impostor, lambda: datetime(2026, 2, 11, 18, tzinfo=UTC))
    assert [error.code for error in listener.setbacks] == [ledger.UNUSABLE]
    assert [(news.event, news.delivered, news.files) for news in heard] == [("needs_human", 0, 2)]
    assert "диск полон" in heard[0].text


class TestWindow:
    """`run` keeps its hours; here it is one minute before the window closes, or after."""

    @pytest.mark.parametrize(("minute", "sent"), [(59, True), (0, False)])
    def test_hours_are_kept(self, school: School, impostor: Impostor, minute: int, *, sent: bool) -> None:
        school.record("Иванов И", noise(1000))
        school.settings["send"] = '[send]\nwindow = "18:00-19:00"'
        moment = datetime(2026, 2, 11, 18 if minute else 19, minute, tzinfo=UTC)
        run_until_idle(school, impostor, lambda: moment)
        assert (ItemState.DELIVERED in {row.state for row in ledger.read(school.state)}) is sent

    def test_what_is_due_does_not_wait_for_its_hours(self, school: School, impostor: Impostor) -> None:
        school.record("Иванов И", noise(1000))
        school.settings["send"] = '[send]\nwindow = "18:00-19:00"'
        run_until_idle(school, impostor, lambda: datetime(2026, 2, 12, 9, tzinfo=UTC))
        assert {row.state for row in ledger.read(school.state)} == {ItemState.DELIVERED}

    def test_a_file_refused_long_ago_opens_the_hours_for_nobody(
        self, school: School, impostor: Impostor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(watch, "WRITTEN_NS", 0)
        school.record("Иванов И", noise(1000))
        broken = school.recordings / "2026-01-14_265" / "14.01.2026_265_701020_Ким.json"
        broken.parent.mkdir()
        broken.write_text("{")
        school.settings["send"] = '[send]\nwindow = "18:00-19:00"'
        run_until_idle(school, impostor, lambda: datetime(2026, 2, 11, 10, tzinfo=UTC))
        assert {row.state for row in ledger.read(school.state)} == {ItemState.HASHED, ItemState.QUARANTINED}

    def test_a_transfer_is_broken_off_when_the_window_closes(self, school: School, impostor: Impostor) -> None:
        school.record("Иванов И", noise(40_000_000))
        school.settings["send"] = '[send]\nwindow = "18:00-19:00"'
        glances = itertools.count()
        opened = datetime(2026, 2, 11, 18, 59, tzinfo=UTC)
        run_until_idle(school, impostor, lambda: opened + timedelta(seconds=next(glances)))
        (stored,) = impostor.uploads.values()
        assert 0 < len(stored) < 40_000_000
        assert ItemState.UPLOADING in {row.state for row in ledger.read(school.state)}


def run_until_idle(school: School, impostor: Impostor, wall: Callable[[], datetime]) -> Silence:
    """`run` until there is nothing more to do at this hour."""
    school.send_to(Target(impostor.port, school.base))
    told = config.load(school.base / "sync.toml")
    told.state.mkdir(exist_ok=True)
    stop, clock, listener = Stop(), Wall(wall), Silence()

    class IdleStops(Pace):
        def due_in(self, at_most: float) -> float:
            stop.ask()
            return super().due_in(at_most)

    with closing(Ledger(told.state)) as opened:
        Agent(
            told, Tus(told.address, ""), opened, Receipts(told.state),
            clock=clock, pace=IdleStops(clock), stop=stop, listener=listener,
        ).run()  # fmt: skip
    return listener


class Wall(SystemClock):
    """Real monotonic time, wall time as told."""

    def __init__(self, wall: Callable[[], datetime]) -> None:
        super().__init__(UTC)
        self.now = wall  # type: ignore[method-assign]
