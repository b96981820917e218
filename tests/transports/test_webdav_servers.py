"""What four real WebDAV servers do with ranges, cuts, lost folders and full disks, and what is made of it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import far_webdav
import pytest
from far_webdav import PASSWORD, USER, DavServer, Served
from school import DAY, School, Target, noise, sha256, wait_for
from wire import wire_to

from exam.errors import Fatal, Transient
from sync.model import Receipt
from sync.naming import PART_PREFIX
from sync.plan import Item
from sync.source import Source
from sync.transports import Lost, Proof, Transport
from sync.transports.web import Basic, Web

MB = 1_000_000
ALL = far_webdav.FAR_ENDS


@pytest.fixture(params=ALL)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DavServer]:
    with ALL[request.param](tmp_path) as far:
        yield far


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The methods of all requests, as they are sent."""
    methods: list[str] = []
    honest = Web._open

    def counted(self: Web, method: str, url: str, **more: object) -> object:
        methods.append(method)
        return honest(self, method, url, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Web, "_open", counted)
    return methods


def nothing(_through: int) -> None:
    """Nobody looks."""


def send(transport: Transport, folder: Path, name: str, content: bytes) -> tuple[str, Item]:
    file = folder / name
    file.write_bytes(content)
    item = Item(f"{DAY}/{name}", "participant", sha256(content), len(content))
    begun = transport.create(item)
    with Source(file, item.size, item.sha256) as source:
        transport.send(begun.upload, source, begun.offset, nothing)
    return begun.upload, item


def deliver(transport: Transport, folder: Path, name: str, content: bytes) -> Proof:
    return transport.prove(*send(transport, folder, name, content), nothing)


def test_a_small_file_takes_four_requests(server: DavServer, tmp_path: Path, asked: list[str]) -> None:
    transport = server.transport()
    names = ["Ёлкин Й-О'Нил №1, 50%.mp3", "Иванов И.mp3"]
    for seed, name in enumerate(names):
        assert isinstance(deliver(transport, tmp_path, name, noise(20_000, seed)), Receipt)
    assert server.stored() == {f"{DAY}/{name}": noise(20_000, seed) for seed, name in enumerate(names)}
    assert asked == ["PROPFIND", "MKCOL", *2 * ["PUT", "GET", "MOVE", "HEAD"]]


@pytest.mark.slow
def test_of_a_thousand_files_each_takes_four_requests(tmp_path: Path, asked: list[str]) -> None:
    with far_webdav.apache(tmp_path) as server:
        transport = server.transport()
        for seed in range(1000):
            assert isinstance(deliver(transport, tmp_path, f"{seed}.mp3", noise(20_000, seed)), Receipt)
        assert len(server.stored()) == 1000
    assert len(asked) == 2 + 4 * 1000


ALONE = {
    "Apache mod_dav": {"range": (204, 13), "no folder": 409, "folder": 405, "no file": 404, "cut leaves": False},
    "nginx dav": {"range": (501, 10), "no folder": 201, "folder": 405, "no file": 404, "cut leaves": False},
    "wsgidav": {"range": (400, 10), "no folder": 409, "folder": 405, "no file": 404, "cut leaves": True},
    "rclone serve webdav": {"range": (201, 3), "no folder": 409, "folder": 201, "no file": 403, "cut leaves": True},
}
"""The table of `sync.transports.webdav`: status, and size after the range."""


@pytest.mark.slow
def test_the_servers_do_by_themselves_what_the_table_says(server: DavServer, request: pytest.FixtureRequest) -> None:
    at = server.address()
    web = Web(at, Basic(USER, PASSWORD))

    def status(method: str, name: str, headers: dict[str, str] | None = None, body: bytes = b"abc") -> int:
        return web.ask(method, f"{at}/{name}", headers=headers, body=body, passing=range(600)).status_code

    assert status("PUT", "x", body=b"0123456789") == 201
    done = {"range": (status("PUT", "x", {"Content-Range": "bytes 10-12/13"}), len(server.stored()["x"]))}
    destination = {"Destination": f"http://127.0.0.1:{server.port}/%D0%98%D0%A1%209/y", "Overwrite": "F"}
    told = {"no folder": status("PUT", "none/x"), "no file": status("MOVE", "nothing", destination, b"")}
    status("MKCOL", "day/", body=b"")
    told["folder"] = status("MKCOL", "day/", body=b"")
    with wire_to(server.port) as wire:
        wire.rate, wire.cut_after, wire.cuts = 100 * MB, 2 * MB, 1
        with pytest.raises(Transient):
            Web(at, Basic(USER, PASSWORD)).ask("PUT", f"{server.address(wire.port)}/cut", body=noise(5 * MB))
    wait_for(lambda: ("cut" in server.stored()) is ALONE[request.node.callspec.params["server"]]["cut leaves"])
    assert done | told | {"cut leaves": "cut" in server.stored()} == ALONE[request.node.callspec.params["server"]]


@pytest.mark.slow
def test_a_range_is_used_only_where_that_is_proved(server: DavServer) -> None:
    assert server.shelf().appends is server.resumes
    assert [path.name for path in server.target.iterdir() if path.name.startswith(PART_PREFIX)] == []


@pytest.mark.slow
def test_what_a_cut_leaves_is_never_published(
    server: DavServer, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Nothing, or a truncated file; the ledger may be lost, and the next process takes it for complete."""
    content = noise(20 * MB)
    with wire_to(server.port) as wire:
        wire.rate, wire.cut_after, wire.cuts = 100 * MB, 8 * MB, 100
        with pytest.raises(Transient):
            send(server.transport(wire.port), tmp_path, "Иванов И.mp3", content)
    item = Item(f"{DAY}/Иванов И.mp3", "participant", sha256(content), len(content))
    upload = server.transport().create(item).upload
    left = server.shelf().size(upload)
    if request.node.callspec.params["server"] == "nginx dav":
        assert left is None
    else:
        assert left is not None
        assert 0 < left < len(content)
    assert isinstance(server.transport().prove(upload, item, nothing), Lost)
    assert server.stored() == {}
    assert isinstance(deliver(server.transport(), tmp_path, "Иванов И.mp3", content), Receipt)
    assert server.stored() == {item.path: content}


@pytest.mark.slow
def test_a_folder_that_was_removed_is_made_again(server: DavServer, tmp_path: Path) -> None:
    transport = server.transport()
    assert isinstance(deliver(transport, tmp_path, "Иванов И.mp3", noise(1000)), Receipt)
    shutil.rmtree(server.target / DAY)
    assert isinstance(deliver(transport, tmp_path, "Петров П.mp3", noise(1000, 2)), Receipt)
    assert server.stored() == {f"{DAY}/Петров П.mp3": noise(1000, 2)}


@pytest.mark.slow
def test_a_name_taken_since_the_folder_was_listed_is_not_replaced(server: DavServer, tmp_path: Path) -> None:
    transport = server.transport()
    assert isinstance(deliver(transport, tmp_path, "Иванов И.mp3", noise(1000)), Receipt)
    server.put(f"{DAY}/Петров П.mp3", noise(1000, 9))
    assert isinstance(deliver(transport, tmp_path, "Петров П.mp3", noise(1000, 2)), Receipt)
    assert server.stored().pop(f"{DAY}/Петров П.mp3") == noise(1000, 9)
    assert noise(1000, 2) in server.stored().values()


@pytest.mark.slow
def test_a_target_that_is_not_there_is_told(server: DavServer, tmp_path: Path) -> None:
    shutil.rmtree(server.target)
    with pytest.raises(Fatal) as caught:
        deliver(server.transport(), tmp_path, "Иванов И.mp3", noise(1000))
    assert caught.value.code == "misdirected"


@pytest.mark.parametrize("served", [far_webdav.apache, pytest.param(far_webdav.nginx, marks=pytest.mark.slow)])
def test_a_wrong_password_is_told_and_not_shown(served: Served, tmp_path: Path) -> None:
    with served(tmp_path) as server, pytest.raises(Fatal) as caught:
        server.shelf(password="no-such-word").size("x")
    assert caught.value.code == "wrong_token"
    assert "target.password_file" in caught.value.en
    assert "no-such-word" not in str(caught.value)


def test_a_certificate_of_its_own_is_trusted_only_where_named(tmp_path: Path) -> None:
    with far_webdav.apache_with_tls(tmp_path) as (server, certificate):
        assert server.shelf(ca_file=str(certificate)).size("x") is None
        with pytest.raises(Fatal) as caught:
            server.shelf().size("x")
    assert caught.value.code == "bad_certificate"


def test_the_agent_delivers_over_webdav(tmp_path: Path) -> None:
    school = School(tmp_path / "school")
    stem = school.record("Иванов И", noise(MB))
    with far_webdav.apache(tmp_path) as server:
        (school.base / "password").write_text(PASSWORD)
        (school.base / "password").chmod(0o600)
        school.send_to(
            Target(server.port, server.folder), url=server.address(), kind="webdav", user=USER, password_file="password"
        )
        done = school.once()
        assert done.returncode == 0, done.stderr
        assert server.stored()[f"{DAY}/{stem}.wav"] == noise(MB)
    receipt = school.status()["items"][0]["receipt"]
    assert (receipt["method"], receipt["tier"], receipt["signature"]) == ("read-back", "hub", None)


@pytest.mark.slow
def test_where_large_requests_are_refused_a_file_goes_in_pieces(tmp_path: Path) -> None:
    """The refusal may be lost, as the server hangs up on what it will not read: then less is tried as well."""
    with far_webdav.apache(tmp_path, "-DSmallBodies") as server:
        transport = server.transport()
        for _ in range(8):
            with suppress(Transient):
                found = deliver(transport, tmp_path, "Иванов И.mp3", noise(5 * MB))
                break
        assert isinstance(found, Receipt)
        assert list(server.stored().values()) == [noise(5 * MB)]


@pytest.mark.slow
def test_two_spellings_of_a_name_both_arrive_where_the_server_takes_them_for_one(tmp_path: Path) -> None:
    """rclone as it comes: the second one gets the marked name."""
    with far_webdav.rclone(tmp_path, "--log-level=ERROR") as server:
        transport = server.transport()
        for seed, name in enumerate(["\u0401.mp3", "\u0415\u0308.mp3"]):
            assert isinstance(deliver(transport, tmp_path, name, noise(1000, seed)), Receipt)
        assert sorted(server.stored().values()) == sorted([noise(1000, 0), noise(1000, 1)])


@contextmanager
def small_disk() -> Iterator[Path]:
    """Of 4 MiB, where any user may look."""
    with tempfile.TemporaryDirectory(prefix="disk-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=755", "tmpfs", folder], check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="a small disk can only be mounted by root")
@pytest.mark.parametrize("name", ALL)
def test_a_full_disk_is_waited_for(name: str, tmp_path: Path) -> None:
    content = noise(3 * MB)
    with small_disk() as disk, ALL[name](tmp_path, stored=disk / "stored") as server:
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(2 * MB))
        with pytest.raises(Transient) as caught:
            deliver(server.transport(), tmp_path, "Иванов И.mp3", content)
        assert server.stored() == {}
        assert (caught.value.code == "far_disk_full") is (name == "Apache mod_dav")
        ballast.unlink()
        assert isinstance(deliver(server.transport(), tmp_path, "Иванов И.mp3", content), Receipt)
