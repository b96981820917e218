"""Packing that is killed, stopped, refused by its disk, or meddled with: nothing lost, nothing twice."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType

import pytest
from by_hand import GIVEN, answer, by_hand, contents, inventory, recorded, states, status, sync, zips
from school import School, noise, sha256, wait_for

from exam import durable
from sync import config
from sync.handing import work
from sync.handing.giving import FILE, Handovers
from sync.handing.outbox import Outbox
from sync.handing.work import Quiet, Work
from sync.ledger import Ledger
from sync.life import Stop
from sync.model import ItemState
from sync.watch import scan

FIRST, SECOND, THIRD = (f"701020_2026-02-11_0{number}.zip" for number in (1, 2, 3))
KILLS = 30
CHANGES_THE_DISK = {"write", "fsync", "replace", "rename", "unlink", "open", "execute", "close", "fdopen"}
mounts = pytest.mark.skipif(os.geteuid() != 0, reason="needs to mount file systems")


def killed(school: School, moment: int, *words: str) -> bool:
    """A command in a process that SIGKILL ends at its so many-th change of the disk; whether it came to that."""
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        return os.WIFSIGNALED(status)
    try:
        sys.setprofile(_death_at(moment))
        sync(school, *words)
    finally:
        os._exit(0)


def _death_at(moment: int) -> Callable[[FrameType, str, object], None]:
    left = moment

    def watch(_frame: FrameType, event: str, called: object) -> None:
        nonlocal left
        if event.startswith("c_") and getattr(called, "__name__", "") in CHANGES_THE_DISK:
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return watch


def unfinished(outbox: Path) -> list[str]:
    return [path.name for path in outbox.iterdir() if path.name.startswith(durable.TEMPORARY_PREFIX)]


@pytest.mark.parametrize("kills", [5, pytest.param(KILLS, marks=pytest.mark.slow)])
def test_kills_at_any_change_of_the_disk(school: School, kills: int) -> None:
    outbox = by_hand(school)
    moments = random.Random(kills)  # noqa: S311 - moments, not secrets
    deaths = 0
    for number in range(1, 4 * kills):
        if deaths == kills:
            break
        for one in (2 * number, 2 * number + 1):
            answer(school, one, 150_000)
        deaths += killed(school, moments.randint(1, 1200), "pack")
        if outbox.exists():
            contents(outbox)
    assert deaths == kills
    assert sync(school, "pack") == 0
    assert contents(outbox) == recorded(school)
    assert set(states(school).values()) == {"uploaded"}
    assert unfinished(outbox) == []
    assert [int(path.stem[-2:]) for path in zips(outbox)] == list(range(1, len(zips(outbox)) + 1))


@pytest.mark.slow
def test_a_kill_at_each_change_of_the_disk(tmp_path: Path) -> None:
    for moment in range(1, 2000, 2):
        school = School(tmp_path / str(moment))
        school.base.mkdir()
        outbox = by_hand(school)
        answer(school, 1, 1000)
        was_killed = killed(school, moment, "pack")
        assert sync(school, "pack") == 0
        assert contents(outbox) == recorded(school), moment
        assert [path.name for path in zips(outbox)] == [FIRST], moment
        assert unfinished(outbox) == []
        assert set(states(school).values()) == {"uploaded"}
        if not was_killed:
            break
    assert 100 < moment < 1999


@pytest.mark.slow
def test_kills_while_handing_over(school: School) -> None:
    by_hand(school)
    for number in range(1, 4):
        answer(school, number, 600_000)
    assert sync(school, "pack") == 0
    deaths = 0
    for moment in range(1, 5000, 9):
        if not killed(school, moment, "handed-over", "--all", *GIVEN):
            break
        deaths += 1
        given = [key for record in Handovers(school.state).holding() for each in record.zips for key in each.files]
        assert len(given) in {0, 6}
        assert list(states(school).values()).count("handed_over") in {0, len(given)}
    assert deaths >= 20
    assert sync(school, "once") == 0
    assert len((school.state / FILE).read_text().splitlines()) == 1


def test_an_altered_or_vanished_zip_is_packed_again_under_a_new_name(
    school: School, capsys: pytest.CaptureFixture[str]
) -> None:
    outbox = by_hand(school)
    for number in range(1, 4):
        answer(school, number, 600_000)
    assert sync(school, "pack") == 0
    damaged = (outbox / SECOND).read_bytes()[:-1] + b"?"
    (outbox / SECOND).write_bytes(damaged)
    (outbox / FIRST).unlink()
    capsys.readouterr()
    assert sync(school, "pack") == 0
    told = capsys.readouterr().err
    assert f"{FIRST}: архив исчез" in told
    assert f"{SECOND}: архив изменён" in told
    assert (outbox / SECOND).read_bytes() == damaged, "a person's file is left alone"
    names = [path.name for path in zips(outbox)]
    assert names == [SECOND, THIRD, "701020_2026-02-11_04.zip", "701020_2026-02-11_05.zip"]
    assert contents(outbox, *names[1:]) == recorded(school)
    warned = inventory(outbox).partition("НЕ ПЕРЕДАВАТЬ")
    assert SECOND not in warned[0]
    assert SECOND in warned[2]
    assert sync(school, "pack") == 0
    assert len(zips(outbox)) == 4, "and is not told or packed once more"


def test_a_drive_that_was_pulled_out_is_not_packed_for_again(
    school: School, capsys: pytest.CaptureFixture[str]
) -> None:
    outbox = by_hand(school)
    answer(school, 1)
    assert sync(school, "pack") == 0
    outbox.rename(outbox.with_name("drive"))
    assert sync(school, "pack") == 1
    assert "папки нет" in capsys.readouterr().err
    outbox.mkdir()  # as a mount point is left behind
    assert sync(school, "pack") == 1
    assert "Накопитель вынут" in capsys.readouterr().err
    assert not zips(outbox)
    assert set(states(school).values()) == {"uploaded"}
    outbox.rmdir()
    outbox.with_name("drive").rename(outbox)
    assert sync(school, "pack") == 0
    for path in outbox.iterdir():
        path.unlink()
    assert sync(school, "pack", "--again") == 0
    assert [path.name for path in zips(outbox)] == [SECOND]


def test_a_recording_that_changed_waits_and_goes_once_it_is_restored(school: School) -> None:
    outbox = by_hand(school)
    content = answer(school, 1)
    answer(school, 2)
    file = school.day / "11.02.2026_265_701020_Иванов 1.mp3"
    file.write_bytes(noise(len(content), 77))
    assert sync(school, "pack") == 1
    assert states(school)[file.name] == "changed"
    assert not any("Иванов 1." in name for name in contents(outbox)), "nor its manifest alone"
    assert unfinished(outbox) == []
    file.write_bytes(content)
    assert sync(school, "pack") == 0
    assert contents(outbox) == recorded(school)


def test_a_manifest_edited_by_hand_goes_into_the_next_zip(school: School, capsys: pytest.CaptureFixture[str]) -> None:
    outbox = by_hand(school)
    answer(school, 1)
    assert sync(school, "pack") == 0
    path = next(school.day.glob("*.json"))
    path.write_text(path.read_text(encoding="utf-8").replace('"Иванов"', '"Петров"'), encoding="utf-8")
    assert sync(school, "pack") == 0
    added = contents(outbox, SECOND)
    assert list(added.values()) == [sha256(path.read_bytes())]
    assert all("~" in name for name in added), "it does not unpack over the first"
    path.write_text("{", encoding="utf-8")
    assert sync(school, "pack") == 1
    assert "испорчено" in inventory(outbox)
    assert "не упаковано" in capsys.readouterr().err.lower()


@contextmanager
def small_disk(path: Path, size: str) -> Iterator[Path]:
    path.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", str(path)], check=True)


def remount(path: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(path)], check=True)


@mounts
@pytest.mark.parametrize(("foreseen", "size"), [(True, "3m"), (False, "2200k")])
def test_a_full_disk_is_told_and_gone_on_from(
    school: School, foreseen: bool, size: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(1, 6):
        answer(school, number, 600_000)
    with small_disk(by_hand(school), size) as outbox:
        with monkeypatch.context() as blind:
            if not foreseen:
                blind.setattr(Outbox, "check_room", lambda *_: None)
            assert sync(school, "pack") == 1
        assert "мест" in capsys.readouterr().err
        packed = len(zips(outbox))
        assert 1 <= packed < 5
        assert unfinished(outbox) == []
        assert any("мест" in lack.reason for lack in status(school).package.missing)
        remount(outbox, "size=9m")
        assert sync(school, "pack") == 0
        assert contents(outbox) == recorded(school)
        assert len(zips(outbox)) == 5


@mounts
def test_a_folder_that_cannot_be_written_to_is_named(school: School, capsys: pytest.CaptureFixture[str]) -> None:
    answer(school, 1)
    with small_disk(by_hand(school), "3m") as outbox:
        remount(outbox, "ro")
        assert sync(school, "pack") == 1
        told = capsys.readouterr().err
        assert str(outbox) in told
        assert "нет права писать" in told
        assert told.count("\n") == 1
        remount(outbox, "rw")
        assert sync(school, "pack") == 0


def test_a_folder_that_is_nowhere_is_named(school: School, capsys: pytest.CaptureFixture[str]) -> None:
    by_hand(school, folder="нет/такой")
    answer(school, 1)
    assert sync(school, "once") == 1
    assert "папки нет" in capsys.readouterr().err


def test_a_disk_that_gives_back_other_bytes_gets_no_zip(
    school: School, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outbox = by_hand(school)
    content = answer(school, 1)
    with monkeypatch.context() as broken:
        real = os.fsync

        def fsync(descriptor: int) -> None:
            real(descriptor)
            path = Path(f"/proc/self/fd/{descriptor}").resolve()
            if path.name.startswith(f"{durable.TEMPORARY_PREFIX}701020_"):
                at = path.read_bytes().index(content)
                with path.open("r+b") as file:
                    file.seek(at + len(content) // 2)
                    file.write(b"\0\0\0\0")

        broken.setattr(os, "fsync", fsync)
        assert sync(school, "pack") == 1
    assert "неисправен" in capsys.readouterr().err
    assert not zips(outbox)
    assert unfinished(outbox) == []
    assert sync(school, "pack") == 0


@pytest.mark.slow
def test_a_stop_leaves_nothing_unfinished(school: School) -> None:
    outbox = by_hand(school, zip_megabytes=100)
    for number in range(1, 13):
        answer(school, number, 8_000_000)
    started = school.start("pack")
    wait_for(lambda: outbox.exists() and bool(unfinished(outbox)))
    started.terminate()
    _, told = started.communicate(timeout=30)
    if started.returncode:  # else it was done before
        assert "Stopped" in told
        assert not zips(outbox)
    assert unfinished(outbox) == []


class Heard:
    """What a person is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def began(self, name: str, size: int) -> None: ...

    def moved(self, size: int) -> None: ...

    def said(self, text: str) -> None:
        self.told.append(text)


def test_run_packs_when_the_room_is_quiet_and_lets_a_person_record_meanwhile(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    news = school.base / "news"
    outbox = by_hand(school, more=f'[notify]\ncommand = ["tee", "-a", "{news}"]\n')
    answer(school, 1)
    monkeypatch.setattr(work, "QUIET_S", 0.0)
    monkeypatch.setattr(work, "RESCAN_S", 0.05)
    stop, heard = Stop(), Heard()
    running = threading.Thread(target=Work(config.load(school.base / "sync.toml"), heard, stop).run)
    running.start()
    try:
        wait_for(lambda: outbox.exists() and len(zips(outbox)) == 1)
        wait_for(lambda: set(states(school).values()) == {"uploaded"})
        assert school.run("handed-over", "--all", *GIVEN).returncode == 0
        answer(school, 2)
        wait_for(lambda: len(zips(outbox)) == 2)
        (outbox / SECOND).unlink()
        wait_for((outbox / THIRD).exists)
    finally:
        stop.asked = True
        stop.wake.set()
        running.join(30)
    assert not running.is_alive()
    assert any(SECOND in told and "исчез" in told for told in heard.told)
    assert "Ждут передачи человеком: архивов 1" in news.read_text(encoding="utf-8")
    assert "Иванов" not in news.read_text(encoding="utf-8")
    assert contents(outbox) == recorded(school)


def test_quiet_is_nothing_new_for_half_an_hour() -> None:
    now = 0.0
    quiet = Quiet(lambda: now)
    first, second = ("a", "1"), ("b", "2")
    assert quiet.lasts(set())
    assert not quiet.lasts({first})
    now = work.QUIET_S - 1
    assert not quiet.lasts({first, second}), "something new came"
    now = work.QUIET_S + 1
    assert not quiet.lasts({second}), "what was packed is no news, but the half hour is not over"
    now = 2 * work.QUIET_S
    assert quiet.lasts({second})


def test_what_was_on_its_way_to_a_server_is_packed_instead(school: School) -> None:
    answer(school, 1)
    durable.make_folder(school.state)
    with closing(Ledger(school.state)) as ledger:
        ledger.set_target("https://exchange.example/files", "701020")
        ledger.note_found(scan([school.recordings], streams=True).found)
        first, second = ledger.rows().values()
        begun = ledger.move(ledger.move(first, ItemState.CREATING), ItemState.UPLOADING, upload="/files/1", offset=5)
        ledger.move(begun, ItemState.WAITING, resumes=ItemState.UPLOADING)
        ledger.move(second, ItemState.NEEDS_HUMAN, resumes=ItemState.HASHED)
    outbox = by_hand(school)
    assert sync(school, "pack") == 0
    assert contents(outbox) == recorded(school)
