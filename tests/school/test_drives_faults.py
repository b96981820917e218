"""Drives pulled out, full, locked, killed at; large ones; the file system drives are sold with."""

import contextlib
import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from driven import (
    Centre,
    School,
    centre_in,
    files_of,
    folder_on,
    note_of,
    one_room,
    receive,
    run,
    small_drive,
    staged,
    start,
    take_away,
)
from far_folder import exfat
from rig.schoolday import SCHOOL

from exam.fixity import sha256_of
from sync.drives import receiving, writing
from sync.exchange.database import opened
from sync.exchange.tokens import Tokens

pytestmark = pytest.mark.slow
DAY = "2026-02-11_265"
KILLS = 12
LARGE = 500_000_000
MEMORY_KB = 150_000


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    with centre_in(tmp_path_factory.mktemp("region") / "centre") as found:
        yield found


@pytest.fixture
def school(tmp_path: Path, centre: Centre) -> School:
    return one_room(tmp_path / "school", centre, station=tmp_path.name)


@pytest.fixture
def usb(tmp_path: Path) -> Path:
    (tmp_path / "usb").mkdir()
    return tmp_path / "usb"


def arrive(school: School, centre: Centre, drive: Path, *words: str | Path) -> None:
    """Whatever happened before: taken in, and proved at the school."""
    receive(centre, drive, *words)
    school.run("drive", "receipts", drive)
    assert set(school.states().values()) == {"delivered"}
    assert school.run("verify").err == ""


def test_a_drive_that_is_full(school: School, centre: Centre, tmp_path: Path, usb: Path) -> None:
    with small_drive(tmp_path / "stick", "size=64k") as stick:
        told = school.export(stick, expect=1)
        assert told.err.count("\n") == 1
        assert "не хватит места" in told.err
    school.export(usb)
    arrive(school, centre, usb)


def test_a_drive_that_is_locked(school: School, centre: Centre, tmp_path: Path) -> None:
    with small_drive(tmp_path / "stick", "size=16m") as stick:
        subprocess.run(["mount", "-o", "remount,ro", str(stick)], check=True)
        assert "защиту от записи" in school.export(stick, expect=1).err
        subprocess.run(["mount", "-o", "remount,rw", str(stick)], check=True)
        school.export(stick)
        subprocess.run(["mount", "-o", "remount,ro", str(stick)], check=True)
        assert "НЕ записаны" in receive(centre, stick, expect=1).out
        subprocess.run(["mount", "-o", "remount,rw", str(stick)], check=True)
        arrive(school, centre, stick)


def test_pulled_out_while_it_is_written(school: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with small_drive(tmp_path / "stick", "size=16m") as stick:
        store = writing._Journey._store
        done: list[None] = []

        def pull(journey: writing._Journey, one: object) -> None:
            if len(done) == 3:
                take_away(stick)
            done.append(None)
            store(journey, one)  # type: ignore[arg-type]

        monkeypatch.setattr(writing._Journey, "_store", pull)
        told = school.export(stick, expect=1)
        assert told.err.count("\n") == 1
        assert "отключился" in told.err
        assert not list(stick.iterdir()), "nothing may go to the disk below"
    assert "НЕ ДОПИСАН" in school.run("drive", "list").out


def test_gone_while_it_is_taken_in(
    school: School, centre: Centre, usb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    school.export(usb)
    one, aside = receiving.Taking._one, tmp_path / "pulled out"
    done: list[None] = []

    def pull(taking: receiving.Taking, file: object) -> object:
        if len(done) == 3:
            folder_on(usb).rename(aside)
        done.append(None)
        return one(taking, file)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(receiving.Taking, "_one", pull)
        told = receive(centre, usb, expect=1)
    assert told.err.count("\n") == 1
    assert "отключился" in told.err
    with opened(centre.folder) as database:
        assert not Tokens(database).keys(SCHOOL)
    aside.rename(usb / aside.name)
    arrive(school, centre, usb)


def killed(command: Callable[[], "subprocess.Popen[bytes]"], longest_s: float, seed: int) -> None:
    """Ended by SIGKILL at a random moment, unless it was done before."""
    process = command()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(random.Random(seed).uniform(0.2, longest_s))  # noqa: S311 - no secret
    process.kill()
    process.communicate()


def took(command: Callable[[], "subprocess.Popen[bytes]"]) -> float:
    began = time.monotonic()
    process = command()
    out, err = process.communicate()
    assert process.returncode == 0, (out, err)
    return time.monotonic() - began


@pytest.mark.parametrize("encrypted", [False, True])
def test_killed_at_any_moment(school: School, centre: Centre, tmp_path: Path, *, encrypted: bool) -> None:
    key, words = tmp_path / "key", list[str]()
    public = run("drive", "new-key", key).out.split()[-1]
    if encrypted:
        words = ["--to", public]
    for number in range(10):
        staged(school.base / f"room-{number}", station=f"{tmp_path.name}-{number}")
    folders = ", ".join(f'"room-{number}"' for number in range(10))
    school.file.write_text(school.file.read_text() + f"[watch]\nrecordings = [{folders}]\n")

    def export(drive: Path) -> "subprocess.Popen[bytes]":
        return start("drive", "export", drive, "--by", "П", *words, "--all", "--config", school.file)

    def take(drive: Path) -> "subprocess.Popen[bytes]":
        return start("drive", "receive", drive, "--folder", centre.folder, "--identity", key)

    whole = tmp_path / "whole"
    whole.mkdir()
    longest = took(lambda: export(whole))
    for seed in range(KILLS):
        usb = tmp_path / f"usb-{seed}"
        usb.mkdir()
        killed(lambda usb=usb: export(usb), longest, seed)  # type: ignore[misc]
        took(lambda usb=usb: export(usb))  # type: ignore[misc]
        folder = folder_on(usb)
        assert note_of(folder).files == note_of(folder_on(whole)).files
        assert not list(usb.rglob(".part-*"))
    longest = took(lambda: take(whole))
    for seed in range(KILLS):
        killed(lambda seed=seed: take(tmp_path / f"usb-{seed}"), longest, seed)  # type: ignore[misc]
    took(lambda: take(tmp_path / "usb-0"))
    assert not list((centre.folder / "drives").iterdir())
    with opened(centre.folder) as database:
        assert not Tokens(database).keys(SCHOOL), "what a killed call made is void, too"
    school.run("drive", "receipts", tmp_path / "usb-0")
    assert set(school.states().values()) == {"delivered"}


def test_import_killed_at_any_moment(school: School, tmp_path: Path, usb: Path) -> None:
    for number in range(10):
        staged(tmp_path / f"pc-{number}", station=str(number))
        shutil.copytree(tmp_path / f"pc-{number}", usb / f"room {number}")

    def take() -> "subprocess.Popen[bytes]":
        return start("drive", "import", usb, "--config", school.file)

    longest = took(take)
    imported = school.base / "imported"
    whole = {sha256_of(path) for path in imported.rglob("*") if path.is_file()}
    names = len(list(imported.rglob("*")))
    for seed in range(KILLS):
        shutil.rmtree(imported)
        killed(take, longest, seed)
        took(take)
        assert {sha256_of(path) for path in imported.rglob("*") if path.is_file()} == whole
        assert len(list(imported.rglob("*"))) == names


def peak_kb(process: "subprocess.Popen[bytes]") -> int:
    """The most memory it had."""
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0, process.communicate()
    return used.ru_maxrss


@pytest.mark.parametrize("encrypted", [False, True])
def test_memory_does_not_grow_with_the_file(centre: Centre, tmp_path: Path, usb: Path, *, encrypted: bool) -> None:
    sound = random.Random(int(encrypted)).randbytes(1_000_000) * (LARGE // 1_000_000)  # noqa: S311 - no secret
    school = one_room(tmp_path / "school", centre, station=tmp_path.name, sound=sound)
    del sound
    key = tmp_path / "key"
    words = ["--to", run("drive", "new-key", key).out.split()[-1]] if encrypted else []
    assert peak_kb(start("drive", "export", usb, "--by", "П", *words, "--config", school.file)) < MEMORY_KB
    taking = start("drive", "receive", usb, "--folder", centre.folder, "--identity", key)
    assert peak_kb(taking) < MEMORY_KB
    school.run("drive", "receipts", usb)
    assert set(school.states().values()) == {"delivered"}


@contextlib.contextmanager
def vfat(base: Path) -> Iterator[Path]:
    image, stick = base / "vfat.img", base / "vfat"
    with image.open("wb") as file:
        file.truncate(64 << 20)
    subprocess.run(["/usr/sbin/mkfs.vfat", str(image)], check=True, capture_output=True)
    stick.mkdir()
    subprocess.run(["mount", "-t", "vfat", "-o", "loop,utf8", str(image), str(stick)], check=True)
    try:
        yield stick
    finally:
        take_away(stick)


@contextlib.contextmanager
def by_fuse(base: Path) -> Iterator[Path]:
    with exfat(base) as drive:
        yield drive.folder


@pytest.mark.parametrize("formatted", [vfat, by_fuse])
def test_the_file_systems_drives_are_sold_with(
    school: School, centre: Centre, tmp_path: Path, formatted: Callable[[Path], contextlib.AbstractContextManager[Path]]
) -> None:
    with formatted(tmp_path) as stick:
        school.export(stick)
        folder = folder_on(stick)
        assert {file.sha256 for file in files_of(folder)} == {sha256_of(path) for path in (folder / DAY).iterdir()}
        arrive(school, centre, stick)
