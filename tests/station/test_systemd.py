"""What systemd is told: a beat only for frames on the disk; no sleep while the day is open."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from exam.clock import NS_PER_S
from station import systemd
from station.systemd import Progress, Wakefulness, has_advanced

PATIENCE_S = 10.0


@pytest.mark.parametrize(
    ("last", "now", "beats"),
    [
        (Progress(1), Progress(2), True),  # no tape is open: the thread's turning is all there is to see
        (Progress(1), Progress(1), False),
        (Progress(1, "a", 10), Progress(2, "a", 11), True),
        (Progress(1, "a", 10), Progress(2, "a", 10), False),  # it turns, but nothing reaches the disk
        (Progress(1, "a", 10), Progress(1, "a", 11), False),
        (Progress(1), Progress(2, "a", 0), True),  # the day was opened just now
        (Progress(1, "a", 10), Progress(2, "b", 0), True),  # another part
        (Progress(1, "a", 10), Progress(2), True),  # closed
    ],
)
def test_a_beat_is_earned_by_frames_on_the_tape(last: Progress, now: Progress, beats: bool) -> None:
    assert has_advanced(last, now) is beats


def test_slow_frames_still_earn_beats_counted_from_the_last_one() -> None:
    last, beats = Progress(0, "a", 0), 0
    for second in range(1, 21):
        now = Progress(second, "a", second // 5)
        if has_advanced(last, now):
            last, beats = now, beats + 1
    assert beats == 4


def test_the_notice_reaches_systemds_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.settimeout(PATIENCE_S)
        monkeypatch.chdir(tmp_path)  # a socket's path is short, pytest's folders are not
        listener.bind("notify")
        monkeypatch.setenv("NOTIFY_SOCKET", "notify")
        systemd.notify("WATCHDOG=1")
        assert listener.recv(100) == b"WATCHDOG=1"


def test_without_systemd_a_notice_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    systemd.notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/at/all")
    systemd.notify("READY=1")


class SetClock:
    """Time as the test sets it."""

    def __init__(self) -> None:
        self.ns = 0

    def monotonic_ns(self) -> int:
        return self.ns


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


def program(tmp_path: Path, body: str) -> str:
    """Stands for systemd-inhibit: notes its words, then does as `body` says."""
    path = tmp_path / "inhibit"
    path.write_text(
        f'#!/bin/sh\necho $$ > {tmp_path}/pid\necho "$@ $NOTIFY_SOCKET" >> {tmp_path}/words\n{body}\n', encoding="utf-8"
    )
    path.chmod(0o755)
    return str(path)


HOLDS = 'while [ "$1" != cat ]; do shift; done; "$@"; echo released >> "$(dirname "$0")/words"'


def await_(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def words(tmp_path: Path) -> list[str]:
    path = tmp_path / "words"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def test_the_lock_is_held_from_open_to_close(tmp_path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "the daemon's own")
    wakefulness = Wakefulness(clock, program(tmp_path, HOLDS))
    wakefulness.keep(awake=False)
    assert words(tmp_path) == []
    for _ in range(3):
        wakefulness.keep(awake=True)
    await_(lambda: words(tmp_path))
    wakefulness.keep(awake=False)
    asked, released = words(tmp_path)
    assert released == "released"
    assert "sleep" in asked
    assert "handle-lid-switch" in asked
    assert asked.endswith("--mode=block cat ")


def test_the_lock_goes_with_the_process_that_held_it(tmp_path: Path) -> None:
    """However it ends: systemd would end the child too, a shell would not."""
    code = (
        "import sys, time; from exam.clock import SystemClock; from datetime import UTC; "
        "from station.systemd import Wakefulness; "
        f"Wakefulness(SystemClock(UTC), {program(tmp_path, HOLDS)!r}).keep(awake=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    await_(lambda: words(tmp_path))
    process.send_signal(signal.SIGKILL)
    process.wait()
    await_(lambda: words(tmp_path)[1:] == ["released"])


def lose(wakefulness: Wakefulness, tmp_path: Path, times: int) -> None:
    """Ask until the lock was asked for `times` times in all and was refused, or lost, as often."""
    wakefulness.keep(awake=True)
    await_(lambda: len(words(tmp_path)) == times)
    pid = int((tmp_path / "pid").read_text())

    def noticed() -> bool:
        wakefulness.keep(awake=True)
        return not Path(f"/proc/{pid}").exists()

    await_(noticed)


def test_a_refused_lock_is_said_once_and_asked_for_again_each_minute(
    tmp_path: Path, clock: SetClock, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    wakefulness = Wakefulness(clock, program(tmp_path, "echo no bus >&2; exit 1"))
    for times in range(1, 4):
        lose(wakefulness, tmp_path, times)
        wakefulness.keep(awake=True)
        assert len(words(tmp_path)) == times
        assert len(caplog.records) == 1
        clock.ns += 61 * NS_PER_S
    assert "inhibit: no bus" in caplog.text
    assert capfd.readouterr().err == ""


def test_another_reason_is_said(tmp_path: Path, clock: SetClock, caplog: pytest.LogCaptureFixture) -> None:
    wakefulness = Wakefulness(clock, program(tmp_path, f"cat {tmp_path}/reason >&2; exit 1"))
    for times, reason in enumerate(("no bus", "not allowed"), start=1):
        (tmp_path / "reason").write_text(reason, encoding="utf-8")
        lose(wakefulness, tmp_path, times)
        clock.ns += 61 * NS_PER_S
    assert [record.args[0].partition("inhibit: ")[2] for record in caplog.records] == ["no bus", "not allowed"]


def test_a_lock_lost_again_after_it_was_held_is_said_again(
    tmp_path: Path, clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    wakefulness = Wakefulness(clock, program(tmp_path, "exec sleep 60"))
    for times in (1, 2):
        wakefulness.keep(awake=True)
        await_(lambda times=times: len(words(tmp_path)) == times)
        clock.ns += 61 * NS_PER_S
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
        lose(wakefulness, tmp_path, times)
        clock.ns += 61 * NS_PER_S
    assert len(caplog.records) == 2


def test_without_logind_there_is_a_line_in_the_log_and_nothing_else(
    clock: SetClock, caplog: pytest.LogCaptureFixture
) -> None:
    wakefulness = Wakefulness(clock, "no-such-program")
    for _ in range(5):
        wakefulness.keep(awake=True)
    assert "no-such-program" in caplog.text
    assert len(caplog.records) == 1
    wakefulness.release()


def test_a_lock_whose_holder_hangs_is_given_back_in_time(
    tmp_path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(systemd, "_LEAVE_S", 0.1)
    wakefulness = Wakefulness(clock, program(tmp_path, "exec sleep 60"))
    wakefulness.keep(awake=True)
    await_(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    wakefulness.release()
    pid = int((tmp_path / "pid").read_text())
    await_(lambda: not Path(f"/proc/{pid}").exists() or b"Z" in Path(f"/proc/{pid}/stat").read_bytes())
