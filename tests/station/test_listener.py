"""The listening child, the real one: a take's verdict from the stream's parts, alarms, what happens when it dies."""

import queue
import time
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import numpy as np
import pytest
from rig import speech
from rig.marker import Frames

from exam.audio import AudioFormat, FrameSpan, Gap, Mark
from exam.clock import SystemClock
from station.audibility.case import Case
from station.audibility.thresholds import Thresholds
from station.audibility.timeline import of_marks
from station.judging import judge_master
from station.listener import Listener
from station.messages import Heard, Judged
from station.session.day import Place
from station.situation import Setting, Situation, TakeSituation
from station.tape import Tape

SHAPE = AudioFormat(speech.RATE, 1)
PARTS = ("поток_01.wav", "поток_02.wav")
TASKS = (1, 2, 3, 4)
WAIT_S = 60.0


def write(path: Path, sound: Frames) -> Path:
    tape = Tape(path, SHAPE)
    tape.append(sound.tobytes())
    tape.close()
    return path


@pytest.fixture
def sound() -> Frames:
    return speech.conversation(50, seed=9)


@pytest.fixture
def heard() -> Iterator[tuple[Listener, "queue.Queue[Heard | Judged]"]]:
    reports: queue.Queue[Heard | Judged] = queue.Queue()
    setting = Setting(shape=SHAPE, seats=(), thresholds=Thresholds())
    listener = Listener(setting, SystemClock(UTC), reports.put)
    yield listener, reports
    listener.close()


def take(
    spans: tuple[FrameSpan, ...], *, gaps: tuple[Gap, ...] = (), over: bool = True, stem: str = "Иванов И"
) -> TakeSituation:
    marks = ((1, Place(PARTS[0], 10 * speech.RATE)), (4, Place(PARTS[-1], 5 * speech.RATE)))
    return TakeSituation(stem=stem, spans=spans, open_from=None if over else Place(PARTS[0], 0), marks=marks,
                     tasks=TASKS, extended=False, gaps=gaps, wants_verdict=over)  # fmt: skip


def await_text(caplog: pytest.LogCaptureFixture, text: str) -> None:
    """What the child complains of is passed on by a thread of its own."""
    deadline = time.monotonic() + WAIT_S
    while text not in caplog.text:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def judged(reports: "queue.Queue[Heard | Judged]") -> Judged:
    while not isinstance(report := reports.get(timeout=WAIT_S), Judged):
        pass
    return report


def test_a_take_of_two_parts_is_judged_as_its_own_file_is(
    tmp_path: Path, sound: Frames, heard: tuple[Listener, "queue.Queue[Heard | Judged]"]
) -> None:
    listener, reports = heard
    half = len(sound) // 2
    for part, piece in zip(PARTS, np.split(sound, [half]), strict=True):
        write(tmp_path / part, piece)
    spans = (FrameSpan(PARTS[0], speech.RATE, half - speech.RATE), FrameSpan(PARTS[1], 0, half))
    joined = write(tmp_path / "take.wav", sound[speech.RATE :])
    situation = Situation(folder=str(tmp_path), file=PARTS[1], frames=half, takes=(take(spans),))
    listener.tell(situation)
    assert listener.awaited == ("Иванов И",)
    told = judged(reports)
    assert (told.stem, told.frames) == ("Иванов И", len(sound) - speech.RATE)
    marks = (Mark(1, 9 * speech.RATE), Mark(4, half + 4 * speech.RATE))
    timeline = of_marks(marks, told.frames, speech.RATE, TASKS)
    assert told.verdict == judge_master(joined, Case(timeline=timeline))
    assert told.verdict.speech_s > 20


def test_a_take_being_recorded_is_heard_as_far_as_it_counts_and_judged_once_it_is_over(
    tmp_path: Path, sound: Frames, heard: tuple[Listener, "queue.Queue[Heard | Judged]"]
) -> None:
    listener, reports = heard
    write(tmp_path / PARTS[0], sound)
    running = take((), over=False)
    for frames in range(0, len(sound), len(sound) // 5):
        listener.tell(
            Situation(folder=str(tmp_path), file=PARTS[0], frames=frames, current=running.stem, takes=(running,))
        )
    over = take((FrameSpan(PARTS[0], 0, len(sound)),))
    listener.tell(Situation(folder=str(tmp_path), file=PARTS[0], frames=len(sound) - 1, takes=(over,)))
    listener.tell(Situation(folder=str(tmp_path), file=PARTS[0], frames=len(sound), takes=(over,)))
    assert judged(reports).frames == len(sound)


def test_a_killed_child_is_replaced_and_the_verdict_comes_all_the_same(
    tmp_path: Path,
    sound: Frames,
    heard: tuple[Listener, "queue.Queue[Heard | Judged]"],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listener, reports = heard
    monkeypatch.setattr(listener, "_patience_ns", 0)
    write(tmp_path / PARTS[0], sound)
    situation = Situation(
        folder=str(tmp_path), file=PARTS[0], frames=len(sound), takes=(take((FrameSpan(PARTS[0], 0, len(sound)),)),)
    )
    listener.tell(situation)
    assert listener._child is not None
    listener._child.kill()
    listener._child.wait()
    listener.tell(situation)
    assert reports.get(timeout=WAIT_S) == Heard(()), "what stood before stands no more"
    listener.tell(situation)
    assert judged(reports).frames == len(sound)


def test_a_child_that_cannot_read_ends_and_holds_up_nobody(
    tmp_path: Path, heard: tuple[Listener, "queue.Queue[Heard | Judged]"], caplog: pytest.LogCaptureFixture
) -> None:
    listener, reports = heard
    (tmp_path / PARTS[0]).write_bytes(b"no tape at all")
    situation = Situation(folder=str(tmp_path), file=PARTS[0], frames=400_000, takes=())
    listener.tell(situation)
    assert listener._child is not None
    assert listener._child.wait(WAIT_S) == 1
    for _ in range(10):
        listener.tell(situation)
    assert reports.get(timeout=WAIT_S) == Heard(())
    await_text(caplog, PARTS[0])


def test_a_take_that_cannot_be_read_deafens_nobody(
    tmp_path: Path,
    sound: Frames,
    heard: tuple[Listener, "queue.Queue[Heard | Judged]"],
    caplog: pytest.LogCaptureFixture,
) -> None:
    listener, reports = heard
    silent = sound[: 4 * speech.RATE].copy()
    silent[2 * speech.RATE :] = 0
    write(tmp_path / PARTS[1], silent)
    lost = take((FrameSpan(PARTS[0], 0, 1000),))
    listener.tell(Situation(folder=str(tmp_path), file=PARTS[1], frames=len(silent), takes=(lost,)))
    report = reports.get(timeout=WAIT_S)
    assert isinstance(report, Heard)
    assert [alarm.code for alarm in report.alarms] == ["silence"]
    again = take((FrameSpan(PARTS[1], 0, len(silent)),), stem="Петрова А")
    listener.tell(Situation(folder=str(tmp_path), file=PARTS[1], frames=len(silent), takes=(lost, again)))
    assert judged(reports).stem == "Петрова А"
    await_text(caplog, "FileNotFoundError")


def test_silence_of_a_gap_is_no_dead_microphone_and_zeros_are(
    tmp_path: Path, sound: Frames, heard: tuple[Listener, "queue.Queue[Heard | Judged]"]
) -> None:
    listener, reports = heard
    second = speech.RATE
    silent = sound[: 8 * second].copy()
    silent[2 * second : 5 * second] = 0
    write(tmp_path / PARTS[0], silent)
    gap = (Gap(2 * second, 3 * second, "device_lost"),)
    listener.tell(Situation(folder=str(tmp_path), file=PARTS[0], frames=8 * second, gaps=gap))
    write(tmp_path / PARTS[1], silent)
    listener.tell(Situation(folder=str(tmp_path), file=PARTS[1], frames=4 * second))
    report = reports.get(timeout=WAIT_S)
    assert isinstance(report, Heard)
    assert [(alarm.code, alarm.severity) for alarm in report.alarms] == [("silence", "red")]
