"""SFTP: who is let in and by which key, and what the agent says of each refusal. Against OpenSSH's server."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from far_sftp import OpenSsh, make_key, openssh
from school import School, noise, sha256, wait_for
from wire import wire_to

from exam.errors import ConfigError, ExamError, Fatal, Rejected, Transient
from sync.source import Source
from sync.transports import Moved, ssh
from sync.transports.sftp import Sftp

slow = pytest.mark.slow
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs to mount file systems or to give up rights")
NOWHERE = '[school]\ncode = "701020"\n[target]\nkind = "sftp"\nurl = "sftp://127.0.0.1:1/x"\nuser = "u"\n'
TRIES = 5
PART = "2026-02-11_265/.part-1"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[OpenSsh]:
    base = tmp_path / "server"
    base.mkdir()
    with openssh(base) as found:
        yield found


@pytest.fixture
def school(tmp_path: Path) -> School:
    base = tmp_path / "school"
    base.mkdir()
    return School(base)


def send_to(school: School, server: OpenSsh) -> None:
    lines = f'kind = "sftp"\nurl = "{server.url()}"\nuser = "{server.user}"\nkey_file = "{server.key_file}"\n'
    text = f'[school]\ncode = "701020"\n[target]\n{lines}'
    (school.base / "sync.toml").write_text(text + "\n".join(school.settings.values()))


def write(  # noqa: PLR0917 - as the shelf's own
    shelf: Sftp, folder: Path, content: bytes, name: str = PART, offset: int = 0, moved: Moved = lambda _through: None
) -> None:
    file = folder / "source.bin"
    file.write_bytes(content)
    with Source(file, len(content), sha256(content)) as source:
        shelf.write(name, source, offset, moved)


def refusal(shelf: Sftp) -> ExamError:
    """What the agent makes of it; what may be a garbled line is believed the second time."""
    found: list[ExamError] = []
    while len(found) < TRIES and (not found or isinstance(found[-1], Transient)):
        with pytest.raises(ExamError) as refused:
            shelf.size("x")
        found.append(refused.value)
    return found[-1]


def test_a_day_is_delivered_and_the_server_is_known_from_then_on(school: School, server: OpenSsh) -> None:
    content = noise(3_000_000)
    school.record("Иванов И", content)
    send_to(school, server)
    done = school.once()
    assert (done.returncode, "Task" in done.stderr) == (0, False), done.stderr
    stored = server.stored()
    assert sha256(content) in {sha256(one) for one in stored.values()}
    assert len(stored) == 2
    receipt = school.status()["items"][0]["receipt"]
    assert (receipt["method"], receipt["tier"], receipt["server"]) == ("read-back", "hub", server.url())
    known = school.state / "known_hosts"
    assert known.read_text().startswith(f"[127.0.0.1]:{server.port} ssh-ed25519 ")
    assert known.stat().st_mode & 0o777 == 0o600


def test_a_server_with_another_key_is_sent_nothing(school: School, server: OpenSsh) -> None:
    school.record("Иванов И", noise(1000))
    send_to(school, server)
    assert school.once().returncode == 0
    before = server.stored()
    with server.outage():
        make_key(server.base / "host_key")
    school.record("Петров П", noise(1000, 2))
    done = school.once()
    assert (done.returncode, server.stored() == before) == (1, True)
    assert "showed another key than the known one: SHA256:" in done.stderr
    assert str(school.state / "known_hosts") in done.stderr


@slow
def test_a_key_of_another_kind_is_another_key(server: OpenSsh) -> None:
    server.shelf().size("x")
    with server.outage():
        (server.base / "host_key").unlink()
        subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", server.base / "host_key"], check=True)
    assert refusal(server.shelf()).code == "other_host_key"


@slow
def test_the_configured_key_counts_from_the_first_time_on(server: OpenSsh, tmp_path: Path) -> None:
    right = ssh.host_key(tmp_path / "sync.toml", (server.base / "host_key.pub").read_text())
    assert server.shelf(host_key=right).size("x") is None
    assert not server.state.exists()
    make_key(tmp_path / "other")
    other = ssh.host_key(tmp_path / "sync.toml", (tmp_path / "other.pub").read_text())
    assert refusal(server.shelf(host_key=other)).code == "other_host_key"


def test_a_login_that_is_refused_is_told_as_such(server: OpenSsh, tmp_path: Path) -> None:
    make_key(tmp_path / "stranger")
    found = refusal(server.shelf(key=ssh.private_key(tmp_path / "sync.toml", str(tmp_path / "stranger"))))
    assert (type(found), found.code) == (Fatal, "wrong_login")
    assert not server.state.exists(), "a server is remembered only once it let us in"


@slow
def test_neither_the_users_keys_nor_the_agent_are_used(
    server: OpenSsh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "id_ed25519").write_bytes(server.key_file.read_bytes())
    (tmp_path / ".ssh" / "id_ed25519").chmod(0o600)
    (tmp_path / ".ssh" / "config").write_text(f"Host *\n  IdentityFile {server.key_file}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    agent = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True).stdout
    told = dict(word.split(";")[0].split("=") for word in agent.splitlines() if "=" in word)
    try:
        subprocess.run(["ssh-add", "-q", server.key_file], env=os.environ | told, check=True)
        monkeypatch.setenv("SSH_AUTH_SOCK", told["SSH_AUTH_SOCK"])
        assert refusal(server.shelf(key=None, password="wrong")).code == "wrong_login"
    finally:
        subprocess.run(["ssh-agent", "-k"], env=os.environ | told, check=True, capture_output=True)


@slow
@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda path: path.chmod(0o644), "chmod 600"),
        (lambda path: path.unlink(), "key_file"),
        (lambda path: path.write_text("no key"), "key_file"),
        (lambda path: subprocess.run(["ssh-keygen", "-q", "-p", "-N", "secret", "-f", path], check=True), "passphrase"),
    ],
    ids=["open to others", "missing", "no key", "with a passphrase"],
)  # fmt: skip
def test_a_key_file_that_cannot_be_used_is_named(school: School, spoil: object, word: str) -> None:
    key = school.base / "key"
    make_key(key)
    assert callable(spoil)
    spoil(key)
    (school.base / "sync.toml").write_text(f'{NOWHERE}key_file = "{key}"\n')
    done = school.once()
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "target.key_file" in done.stderr
    assert word in done.stderr


def test_a_host_key_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"target\.host_key"):
        ssh.host_key(tmp_path / "sync.toml", "ssh-ed25519 AAAA")


@slow
def test_without_key_and_password_nothing_is_tried(school: School) -> None:
    (school.base / "sync.toml").write_text(NOWHERE)
    done = school.once()
    assert done.returncode == 2
    assert "target.key_file" in done.stderr


@slow
def test_a_folder_that_is_not_there_is_waited_for(server: OpenSsh, tmp_path: Path) -> None:
    server.folder.rename(server.base / "away")
    with pytest.raises(Transient) as found:
        write(server.shelf(), tmp_path, b"sound")
    assert (found.value.code, server.folder.exists()) == ("no_folder", False)


@as_root
def test_no_space_is_told_and_what_was_written_is_gone_on_with(server: OpenSsh, tmp_path: Path) -> None:
    content = noise(3_000_000)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", server.folder], check=True)
    try:
        shelf = server.shelf()
        with pytest.raises(Transient) as found:
            write(shelf, tmp_path, content)
        assert found.value.code == "target_full"
        assert "space" in found.value.en
        there = shelf.size(PART)
        assert there is not None
        assert (server.folder / PART).read_bytes() == content[:there]
        subprocess.run(["mount", "-o", "remount,size=8m", server.folder], check=True)
        write(shelf, tmp_path, content, offset=there)
        assert (server.folder / PART).read_bytes() == content
        with pytest.raises(Transient, match=r"кончилось место|No space"):
            write(shelf, tmp_path, noise(17_000_000), "2026-02-11_265/.part-2")
        assert not (server.folder / "2026-02-11_265/.part-2").exists(), "what finds no room is not begun"
        subprocess.run(["mount", "-o", "remount,ro", server.folder], check=True)
        with pytest.raises(Transient) as found:
            write(shelf, tmp_path, b"sound", "2026-02-11_265/.part-3")
        assert "read-only" in found.value.en
    finally:
        subprocess.run(["umount", "-l", server.folder], check=True)


def test_a_taken_name_is_never_replaced(server: OpenSsh, tmp_path: Path) -> None:
    shelf = server.shelf()
    server.put("2026-02-11_265/a.mp3", b"theirs")
    write(shelf, tmp_path, b"ours")
    assert not shelf.publish(PART, "2026-02-11_265/a.mp3")
    assert server.stored() == {"2026-02-11_265/a.mp3": b"theirs"}
    assert shelf.publish(PART, "2026-02-11_265/b.mp3")
    assert shelf.size(PART) is None


def test_a_name_that_is_too_long_is_this_files_affair(server: OpenSsh) -> None:
    with pytest.raises(Rejected) as found:
        server.shelf().size("Ж" * 200)
    assert found.value.code == "bad_name"


@slow
def test_an_address_may_begin_where_the_login_leads(server: OpenSsh, tmp_path: Path) -> None:
    """The server's own configuration leads into the folder."""
    for path in ("", "/~", "/~/", "/~/%D0%AF"):
        (server.folder / "Я").mkdir(exist_ok=True)
        shelf = Sftp(f"sftp://127.0.0.1:{server.port}{path}", server.login())
        write(shelf, tmp_path, b"sound", "x.bin")
        shelf.close()
    assert server.stored() == {"x.bin": b"sound", "Я/x.bin": b"sound"}


@slow
def test_a_server_without_sftp_is_no_target(server: OpenSsh) -> None:
    conf = server.base / "sshd.conf"
    with server.outage():
        conf.write_text("".join(line for line in conf.read_text().splitlines(keepends=True) if "internal" not in line))
    assert refusal(server.shelf()).code == "misdirected"


@slow
def test_a_server_of_a_bygone_age_is_told_as_such(server: OpenSsh) -> None:
    with server.outage(), (server.base / "sshd.conf").open("a") as conf:
        conf.write("KexAlgorithms diffie-hellman-group1-sha1\n")
    assert refusal(server.shelf()).code == "no_common_cipher"


@slow
def test_a_line_that_garbles_is_never_taken_for_a_foreign_server(server: OpenSsh, tmp_path: Path) -> None:
    """Whatever byte of what we send is flipped, in the greeting and after it."""
    known = ssh.host_key(tmp_path / "sync.toml", (server.base / "host_key.pub").read_text())
    for at in (3, 30, 100, 400, 900, 1100, 1300, 1500, 1700, 2500, 60_000):
        with wire_to(server.port) as wire:
            wire.flip_at = at
            shelf = server.shelf(wire.port, host_key=known)
            try:
                write(shelf, tmp_path, noise(100_000))
            except Transient:
                write(shelf, tmp_path, noise(100_000))
            assert wire.flip_at is None


@slow
def test_nothing_listens_there(server: OpenSsh) -> None:
    with server.outage(), pytest.raises(Transient) as found:
        server.shelf().size("x")
    assert found.value.code == "unreachable"


@slow
def test_a_name_that_no_dns_knows_is_waited_for(server: OpenSsh) -> None:
    with pytest.raises(Transient):
        Sftp("sftp://nowhere.invalid/x", server.login()).size("x")


@slow
def test_a_server_that_takes_connections_and_says_nothing(server: OpenSsh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "_CONNECT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(Transient):
        server.shelf(mute.getsockname()[1]).size("x")


@slow
def test_a_server_that_stalls_is_left_and_gone_on_with(
    server: OpenSsh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, reached, stalled = noise(8_000_000), [0], []
    monkeypatch.setattr(ssh, "_ANSWER_S", 0.5)

    def stall(through: int) -> None:
        reached[0] = through
        if through > 1_000_000 and not stalled:
            stalled.extend(server.sessions())
            signal_all(stalled, signal.SIGSTOP)

    shelf = server.shelf()
    with pytest.raises(Transient) as found:
        write(shelf, tmp_path, content, moved=stall)
    assert found.value.code == "unreachable"
    assert 1_000_000 < reached[0] < len(content)
    monkeypatch.undo()
    there = shelf.size(PART)
    assert there is not None
    assert there >= reached[0]
    signal_all(stalled, signal.SIGCONT)  # what it was sent before it stalled, it writes now
    write(shelf, tmp_path, content, offset=there)
    assert (server.folder / PART).read_bytes() == content


@slow
def test_the_agent_ends_at_once_when_told_though_the_server_stalls(school: School, server: OpenSsh) -> None:
    school.record("Иванов И", noise(30_000_000))
    school.settings["send"] = "[send]\nlimit_mbit = 40\n"
    send_to(school, server)
    agent = school.start("run")
    wait_for(lambda: any(path.stat().st_size for path in server.folder.rglob(".part-*")))
    signal_all(server.sessions(), signal.SIGSTOP)
    agent.terminate()
    _, err = agent.communicate(timeout=10)
    assert "Traceback" not in err
    assert agent.returncode == 0


def signal_all(processes: list[int], number: int) -> None:
    for pid in processes:
        os.kill(pid, number)


@slow
def test_memory_stays_small(school: School, server: OpenSsh) -> None:
    """The whole agent, one large file."""
    school.record("Иванов И", noise(100_000_000))
    send_to(school, server)
    agent = school.start("once")
    most = [0]

    def ended() -> bool:
        told = Path(f"/proc/{agent.pid}/status").read_text()
        most[0] = max(most[0], *map(int, re.findall(r"VmHWM:\s+(\d+)", told)), 0)
        return agent.poll() is not None

    wait_for(ended)
    assert agent.returncode == 0, agent.communicate()
    assert 0 < most[0] < 60 * 1024
