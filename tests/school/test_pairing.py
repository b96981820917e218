"""A room's computer is paired with its headquarters: by the invitation alone, and with nobody else."""

import shutil
import socket
import ssl
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from headquarters import CODE, Hub, headquarters, invited, lets_in, paired
from rig.ports import free_port
from school import School, noise

from exam.errors import ConfigError, Fatal, Rejected, Transient
from sync import config, pairing
from sync.cli import main
from sync.exchange.certificate import ensure, fingerprint
from sync.exchange.database import Database
from sync.exchange.refusal import Refused
from sync.exchange.roomcommands import invite
from sync.exchange.tokens import LASTS, Tokens
from sync.exchange.yard import Yard
from sync.transports.tus import Tus

EXAMPLE = Path(__file__).parents[2] / "config" / "sync.toml"
NOW = datetime(2026, 2, 10, 15, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with headquarters(tmp_path_factory.mktemp("headquarters") / "hub") as found:
        yield found


@pytest.mark.slow
def test_one_command_on_each_side_and_recordings_arrive(tmp_path: Path, hub: Hub) -> None:
    school = School(tmp_path)
    told = school.run("exchange", "invite", CODE, "--room", "265", "--folder", str(hub.folder)).stdout
    assert school.run("pair", *told.splitlines()[-1].split("-")).returncode == 0
    assert stat.S_IMODE((school.base / "hub.token").stat().st_mode) == 0o600
    school.record("Иванов И", noise(100_000))
    done = school.once()
    assert done.returncode == 0, done.stderr
    told = school.run("status").stdout
    assert "at the headquarters 2 of 2" in told
    assert "centre" not in told


def test_the_example_keeps_what_a_person_wrote_beside_its_target(tmp_path: Path, hub: Hub) -> None:
    school = School(tmp_path)
    file = school.base / "sync.toml"
    shutil.copy(EXAMPLE, file)
    before = file.read_text()
    pairing.pair(invited(hub.folder), file)
    after = file.read_text()
    told = config.load(file)
    assert told.address == f"https://127.0.0.1:{hub.port}/files"
    assert told.server_key is not None
    kept = [line for line in before.splitlines() if pairing.EXAMPLE_URL not in line]
    assert [line for line in after.splitlines() if line in kept] == kept


def test_what_the_stations_here_record_is_what_is_sent(tmp_path: Path, hub: Hub) -> None:
    (tmp_path / "265.toml").write_text('[room]\nnumber = "265"\n[storage]\nfolder = "/srv/Записи \\"265\\""\n')
    (tmp_path / "12а.toml").write_text('[room]\nnumber = "12а"\n[storage]\nfolder = "recordings"\n')
    pairing.pair(invited(hub.folder), tmp_path / "sync.toml")
    assert set(config.load(tmp_path / "sync.toml").recordings) == {
        Path('/srv/Записи "265"'), tmp_path / "recordings",
    }  # fmt: skip


def test_settings_of_a_persons_own_are_left_alone_and_told_what_to_say(tmp_path: Path, hub: Hub) -> None:
    school = School(tmp_path)
    own = '[school]\ncode = "701020"\n[target]\nkind = "folder"\nfolder = "/media/drive"  # ours\n'
    (tmp_path / "sync.toml").write_text(own)
    told = "\n".join(pairing.account(pairing.pair(invited(hub.folder), tmp_path / "sync.toml")))
    assert (tmp_path / "sync.toml").read_text() == own
    (tmp_path / "sync.toml").write_text(f'[school]\ncode = "701020"\n{told[told.rindex("[target]") :]}')
    assert config.load(tmp_path / "sync.toml").address == f"https://127.0.0.1:{hub.port}/files"
    assert lets_in(hub, school)


def test_an_invitation_serves_once(tmp_path: Path, hub: Hub) -> None:
    text = invited(hub.folder)
    pairing.pair(text, tmp_path / "one" / "sync.toml")
    (tmp_path / "two").mkdir()
    with pytest.raises(Rejected, match="использовано"):
        pairing.pair(text, tmp_path / "two" / "sync.toml")
    assert list((tmp_path / "two").iterdir()) == [], "nothing is left of it"


def test_it_may_come_by_file_or_be_asked_for(
    tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["exchange", "invite", CODE, "--room", "12а", "--folder", str(hub.folder)]) == 0
    note = tmp_path / "приглашение.txt"
    note.write_text(capsys.readouterr().out, encoding="utf-8-sig")
    assert pairing.pair(str(note), tmp_path / "one" / "sync.toml").given.room == "12а"
    monkeypatch.setattr("sys.stdin", (tmp_path / "typed").open("w+"))
    with (tmp_path / "typed").open("w") as typed:
        typed.write(invited(hub.folder).lower() + "\n")
    assert main(["pair", "--config", str(tmp_path / "two" / "sync.toml"), "--room", "7"]) == 0
    assert "аудитория 7" in capsys.readouterr().out


def test_a_mistyped_one_asks_nobody(tmp_path: Path) -> None:
    with pytest.raises(Rejected) as caught:
        pairing.pair("0K0A2-G08A9-448EB-MTH3X-1ZQG9-HFP90-3D1CS-FB5ME-CMC9Z-8NQ6D-A75SR-1NTPZ", tmp_path / "sync.toml")
    assert caught.value.code == "mistyped"
    assert list(tmp_path.iterdir()) == []


def test_another_schools_computer_is_told_so_and_the_invitation_still_serves(tmp_path: Path, hub: Hub) -> None:
    text = invited(hub.folder)
    (tmp_path / "other.toml").write_text('[school]\ncode = "701099"\n[target]\nkind = "manual"\n')
    with pytest.raises(Rejected, match=r"701020.*701099"):
        pairing.pair(text, tmp_path / "other.toml")
    assert pairing.pair(text, tmp_path / "room" / "sync.toml").given.school == CODE


@pytest.mark.slow
def test_nobody_there_changes_nothing(tmp_path: Path) -> None:
    with headquarters(tmp_path / "hub"):
        text = invited(tmp_path / "hub")
    with pytest.raises(Transient, match="Приглашение в силе"):
        pairing.pair(text, tmp_path / "room" / "sync.toml")
    assert not (tmp_path / "room").exists()


class TestTokens:
    def test_each_computer_has_its_own_revocable_alone(
        self, tmp_path: Path, hub: Hub, capsys: pytest.CaptureFixture[str]
    ) -> None:
        given = pairing.pair(invited(hub.folder, "301"), tmp_path / "one" / "sync.toml").given
        one, other = School(tmp_path / "one"), paired(tmp_path / "other", hub.folder, "302")
        assert lets_in(hub, one)
        assert main(["exchange", "revoke", CODE, str(given.number), "--folder", str(hub.folder)]) == 0
        assert not lets_in(hub, one)
        assert lets_in(hub, other)
        assert main(["exchange", "tokens", CODE, "--folder", str(hub.folder)]) == 0
        told = {line.split("  ")[1]: line.split("  ")[3] for line in capsys.readouterr().out.splitlines()}
        assert (told["ауд. 301"], told["ауд. 302"]) == ("отозван", "связан")

    def test_a_token_that_is_not_there_is_not_revoked(self, hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["exchange", "revoke", CODE, "7777", "--folder", str(hub.folder)]) == 1
        assert "№ 7777" in capsys.readouterr().err

    def test_the_schools_own_token_is_another_affair(self, tmp_path: Path, hub: Hub) -> None:
        school = paired(tmp_path / "room", hub.folder)
        assert main(["exchange", "add-school", CODE, "--replace", "--folder", str(hub.folder)]) == 0
        assert lets_in(hub, school)

    def test_nothing_secret_is_kept_or_logged(self, tmp_path: Path, hub: Hub) -> None:
        school = paired(tmp_path / "room", hub.folder)
        kept = b"".join(path.read_bytes() for path in hub.folder.iterdir() if path.is_file())
        kept += (hub.folder.parent / "exchange.log").read_bytes()
        token = (school.base / "hub.token").read_bytes().strip()
        assert lets_in(hub, school)
        assert token not in kept
        assert token not in (school.base / "sync.toml").read_bytes()

    @pytest.fixture
    def tokens(self, tmp_path: Path) -> Iterator[Tokens]:
        with closing(Database(tmp_path / "exchange.db")) as database:
            yield Tokens(database)

    def test_a_lost_answer_may_be_asked_for_again_by_the_same_computer_alone(self, tokens: Tokens) -> None:
        secret, _ = tokens.invite(CODE, "265", NOW)
        first = tokens.pair(secret, "a" * 43, school=None, room="", computer="pc", now=NOW)
        again = tokens.pair(secret, "a" * 43, school=None, room="", computer="pc", now=NOW + timedelta(days=9))
        assert first.number == again.number
        with pytest.raises(Refused, match="использовано"):
            tokens.pair(secret, "b" * 43, school=None, room="", computer="pc", now=NOW)
        tokens.revoke(CODE, first.number, NOW)
        with pytest.raises(Refused):
            tokens.pair(secret, "a" * 43, school=None, room="", computer="pc", now=NOW)
        assert tokens.school_of("a" * 43) is None

    def test_it_ends_after_a_day(self, tokens: Tokens) -> None:
        secret, ends = tokens.invite(CODE, "265", NOW)
        assert ends == NOW + LASTS
        assert tokens.of(CODE)[0].state(ends) == "expired"
        with pytest.raises(Refused):
            tokens.pair(secret, "a" * 43, school=None, room="", computer="pc", now=ends)
        with pytest.raises(Refused):
            tokens.pair(b"12345678", "a" * 43, school=None, room="", computer="pc", now=NOW)
        with pytest.raises(Refused):
            tokens.pair(b"", "a" * 43, school=None, room="", computer="pc", now=NOW)

    def test_two_at_a_time_get_one_token(self, tokens: Tokens) -> None:
        secret, _ = tokens.invite(CODE, "265", NOW)
        got: list[str] = []

        def use(token: str) -> None:
            try:
                tokens.pair(secret, token, school=None, room="", computer=token, now=NOW)
            except Refused:
                return
            got.append(token)

        threads = [threading.Thread(target=use, args=(letter * 43,)) for letter in "abcdefgh"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(got) == 1


@pytest.mark.parametrize(
    "body", [b"", b"{", b"{}", b"[" * 3000, b'{"secret":"AAAA","token":"x","computer":"y"}', b"x" * 10_000, b"\xff"]
)
def test_a_question_that_is_none_is_refused(hub: Hub, body: bytes) -> None:
    certificate = str(hub.folder / "tls.pem")
    answer = requests.post(f"https://localhost:{hub.port}/pair", data=body, verify=certificate, timeout=10)
    assert answer.status_code in {400, 413}
    assert "Traceback" not in (hub.folder.parent / "exchange.log").read_text()


class TestPinning:
    """The impostor has the same address, the same names in its certificate; only its key is another."""

    @pytest.fixture
    def impostor(self, tmp_path: Path) -> Iterator["Impostor"]:
        with impersonated(tmp_path / "impostor", free_port()) as found:
            yield found

    @pytest.mark.slow
    def test_who_did_not_invite_is_told_nothing(self, tmp_path: Path) -> None:
        with headquarters(tmp_path / "hub") as hub:
            text, port = invited(tmp_path / "hub"), hub.port
        with impersonated(tmp_path / "impostor", port) as impostor:
            with pytest.raises(Rejected) as caught:
                pairing.pair(text, tmp_path / "room" / "sync.toml")
            assert caught.value.code == "other_certificate"
        assert impostor.heard == b""
        assert not (tmp_path / "room").exists()

    @pytest.mark.slow
    def test_a_paired_computer_sends_nothing_to_another_certificate_of_the_same_name(self, tmp_path: Path) -> None:
        with headquarters(tmp_path / "hub") as hub:
            school, port = paired(tmp_path / "room", tmp_path / "hub"), hub.port
        school.record("Иванов И", noise(1000))
        with impersonated(tmp_path / "impostor", port) as impostor:
            done = school.once()
        assert done.returncode == 1
        assert "another server answers" in done.stderr
        assert impostor.met >= 1
        assert impostor.heard == b""

    def test_the_pin_alone_decides(self, impostor: "Impostor") -> None:
        """Neither names nor dates nor who vouches: addresses change, and a room's clock may be wrong."""
        assert _key(f"https://localhost:{impostor.port}/files", impostor.fingerprint) == "bad answer"
        assert _key(f"https://127.0.0.2:{impostor.port}/files", impostor.fingerprint) == "bad answer"
        heard = impostor.heard
        assert b"GET /key" in heard
        assert _key(f"https://localhost:{impostor.port}/files", "0" * 64) == "other_certificate"
        assert _key(f"https://localhost:{impostor.port}/files", None) == "bad_certificate"
        assert impostor.heard == heard

    def test_no_proxy_comes_between(self, impostor: "Impostor", monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")
        assert _key(f"https://localhost:{impostor.port}/files", impostor.fingerprint) == "bad answer"

    @pytest.mark.parametrize(
        ("keys", "wanted"),
        [
            ('url = "https://x/files"\nfingerprint = "12"', "64"),
            ('url = "http://x/files"\nfingerprint = "' + "0" * 64 + '"', "https"),
            ('url = "https://x/files"\nca_file = "x"\nfingerprint = "' + "0" * 64 + '"', "ca_file"),
        ],
    )
    def test_settings_that_would_not_pin_are_refused(self, tmp_path: Path, keys: str, wanted: str) -> None:
        (tmp_path / "sync.toml").write_text(f'[school]\ncode = "1"\n[target]\nkind = "tus"\n{keys}\n')
        with pytest.raises(ConfigError, match=wanted):
            config.load(tmp_path / "sync.toml")

    def test_colons_and_capitals_are_taken(self, tmp_path: Path) -> None:
        pin = ":".join(["AB"] * 32)
        (tmp_path / "sync.toml").write_text(
            f'[school]\ncode = "1"\n[target]\nkind = "tus"\nurl = "https://x/files"\nfingerprint = "{pin}"\n'
        )
        target = config.load(tmp_path / "sync.toml").target
        assert getattr(target, "fingerprint", "") == "ab" * 32


class TestCertificate:
    def test_it_is_made_once_and_stays(self, tmp_path: Path) -> None:
        yard = Yard(tmp_path)
        first, second = (fingerprint(ensure(yard, "0.0.0.0")[0]) for _ in range(2))  # noqa: S104 - as it is told
        assert first == second
        assert stat.S_IMODE(yard.tls_key.stat().st_mode) == 0o600

    def test_a_start_that_was_cut_short_goes_on_with_its_key(self, tmp_path: Path) -> None:
        ensure(Yard(tmp_path), "штаб.local")
        key = Yard(tmp_path).tls_key.read_bytes()
        Yard(tmp_path).tls_certificate.unlink()
        ensure(Yard(tmp_path), "127.0.0.1")
        assert Yard(tmp_path).tls_key.read_bytes() == key

    def test_a_broken_one_is_said(self, tmp_path: Path) -> None:
        ensure(Yard(tmp_path), "x")
        Yard(tmp_path).tls_certificate.write_bytes(b"nothing")
        with pytest.raises(Fatal, match=r"tls\.pem"):
            fingerprint(Yard(tmp_path).tls_certificate)

    def test_without_encryption_nobody_is_invited(self, tmp_path: Path) -> None:
        Database(tmp_path / "exchange.db").close()
        with pytest.raises(Rejected, match="--tls"):
            invite(tmp_path, CODE)

    def test_both_kinds_at_once_are_wrong_usage(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["exchange", "serve", "--tls", "--tls-cert", "x", "--folder", str(tmp_path)]) == 2
        assert "--tls" in capsys.readouterr().err


class Impostor:
    """Takes connections by a certificate of its own making and answers nothing to the point."""

    def __init__(self, folder: Path, port: int) -> None:
        folder.mkdir()
        certificate, key = ensure(Yard(folder), "127.0.0.1")
        self.fingerprint, self.port = fingerprint(certificate), port
        self.met, self.heard = 0, b""
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._listener = socket.create_server(("0.0.0.0", port))  # noqa: S104 - 127.0.0.2 is to be met, too

    def serve(self) -> None:
        while True:
            try:
                plain = self._listener.accept()[0]
            except OSError:
                return
            self.met += 1
            try:
                with plain, self._context.wrap_socket(plain, server_side=True) as connection:
                    connection.settimeout(5)
                    self.heard += connection.recv(4096)
                    connection.sendall(b"HTTP/1.1 418 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            except OSError:
                continue

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def impersonated(folder: Path, port: int) -> Iterator[Impostor]:
    impostor = Impostor(folder, port)
    thread = threading.Thread(target=impostor.serve)
    thread.start()
    try:
        yield impostor
    finally:
        impostor.close()
        thread.join()


def _key(url: str, pin: str | None) -> str:
    try:
        return "bad answer" if Tus(url, "secret", fingerprint=pin).key() is None else "key"
    except Fatal as error:
        return error.code
