"""The client's side of a test recording: what is shown and spoken when, and how it ends, with a made-up daemon."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
from least_config import CONFIG

from exam.audio import AudioFormat
from exam.errors import Rejected
from station import cli, client, prompting, script
from station.messages import RehearsalStep
from station.speaker import Speaker

FILE = "11.02.2026_265_701020_проба_01.wav"
SHAPE = AudioFormat(8000, 1)
BAD = {
    "schema": 1, "basis": "rehearsal", "grade": "fail", "seconds": 57.0, "speech_s": 10.0,
    "metrics": [
        {"name": "hum", "grade": "warn", "reason": "Гудит сеть.", "advice": "Отодвиньте кабели."},
        {"name": "level", "grade": "fail", "voice": "participant", "reason": "Участник тих.", "advice": "Ближе."},
        {"name": "dc", "grade": "pass"},
    ],
}  # fmt: skip


class Room:
    """Stands for the daemon: each question after the first finds the test recording half a second further."""

    def __init__(self, *, ends: str = "done", grade: str | None = "pass", ends_at_s: float = 1000.0) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.at_s, self.ends, self.grade, self.ends_at_s = -0.5, ends, grade, ends_at_s

    def ask(self, _path: Path, command: str, args: dict[str, Any] | None = None) -> dict[str, Any]:
        self.asked.append((command, args or {}))
        self.at_s += 0.5
        step = at(self.at_s) if self.at_s < self.ends_at_s else None
        told: dict[str, Any] = {"file": FILE, "ending": None, "published": False, "grade": None, "verdict": None}
        told |= {"accepted_by": None, "running": as_json(step)}
        if step is None:
            told |= {"ending": self.ends, "published": True, "grade": self.grade}
            told["verdict"] = BAD | {"grade": self.grade} if self.grade else None
        return {"rehearsal": told, "levels": {"rms_dbfs": [-60.0]}, "state": "closed"}


def at(seconds: float) -> RehearsalStep | None:
    return script.at(script.FULL, round(seconds * SHAPE.sample_rate), SHAPE)


def as_json(step: RehearsalStep | None) -> dict[str, Any] | None:
    return step and {field: getattr(step, field) for field in step.__struct_fields__}


class Heard(Speaker):
    """What would be spoken, and the second of the recording at which it began and was cut short."""

    spoken: ClassVar[list[tuple[float, str]]] = []
    hushed: ClassVar[list[float]] = []
    room: Room

    def say(self, text: str) -> None:
        self.spoken.append((self.room.at_s, text))

    def hush(self) -> None:
        self.hushed.append(self.room.at_s)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A room whose daemon is made up, and time that does not pass."""
    path = tmp_path / "station.toml"
    path.write_text(CONFIG)
    monkeypatch.setenv("STATION_CONFIG", str(path))
    monkeypatch.setattr(prompting.time, "sleep", lambda _seconds: None)

    def make(**told: Any) -> Room:
        room = Room(**told)
        monkeypatch.setattr(client, "ask", room.ask)
        monkeypatch.setattr(Heard, "room", room, raising=False)
        monkeypatch.setattr(Heard, "spoken", [])
        monkeypatch.setattr(Heard, "hushed", [])
        monkeypatch.setattr(prompting, "Speaker", Heard)
        return room

    return make


def test_each_step_is_shown_and_spoken_once_in_its_time_to_get_ready(
    made: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    room = made()
    assert cli.main(["rehearse"]) == 0
    assert [text for _, text in Heard.spoken] == [*(part.prompt for part in script.FULL), script.thanks()]
    said = [at(at_s) for at_s, _ in Heard.spoken[:-1]]
    assert [(step.step, step.listening) for step in said if step] == [(part.step, False) for part in script.FULL]
    hushed = [at(at_s) for at_s in Heard.hushed]
    listened = [at(tenth / 2) for tenth in range(round(script.length_s(script.FULL) * 2))]
    assert [step for step in listened if step and step.listening] == [
        step for step in hushed if step and step.listening
    ]
    out = capsys.readouterr().out
    for part in script.FULL:
        assert out.count(part.prompt) == 1
    assert ("rehearse", {"quick": False}) in room.asked


def test_a_failed_one_is_told_with_reasons_and_advice_and_exit_1(made: Any, capsys: pytest.CaptureFixture[str]) -> None:
    made(grade="fail")
    assert cli.main(["rehearse", "--silent"]) == 1
    shown = capsys.readouterr()
    assert "Участник тих. Ближе." in shown.out
    assert shown.out.index("Участник тих") < shown.out.index("Гудит сеть"), "the worst first"
    assert shown.err.count("\n") == 1
    assert "--accept-by-ear" in shown.err


def test_json_is_one_document_the_steps_are_shown_beside_it(made: Any, capsys: pytest.CaptureFixture[str]) -> None:
    made(grade="warn")
    assert cli.main(["rehearse", "--json", "--silent"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["rehearsal"]["grade"] == "warn"
    assert script.FULL[0].prompt in shown.err


def test_one_without_a_verdict_is_to_be_listened_to(made: Any, capsys: pytest.CaptureFixture[str]) -> None:
    made(grade=None)
    assert cli.main(["rehearse", "--silent"]) == 1
    assert "Послушайте" in capsys.readouterr().err


@pytest.mark.parametrize(("ends", "why"), [("start", "участника"), ("device_lost", "микрофон"), ("cancel", "отменили")])
def test_what_came_between_is_told(made: Any, capsys: pytest.CaptureFixture[str], ends: str, why: str) -> None:
    made(ends=ends, ends_at_s=9.0)
    assert cli.main(["rehearse", "--silent"]) == 1
    shown = capsys.readouterr().err
    assert why in shown
    assert shown.count("\n") == 1


def test_ctrl_c_cancels_it(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    room = made()

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(prompting.time, "sleep", interrupt)
    assert cli.main(["rehearse", "--silent"]) == 1
    assert room.asked[-1] == ("cancel_rehearsal", {})


@pytest.mark.parametrize(
    ("words", "command", "sent"),
    [
        (["--cancel"], "cancel_rehearsal", {}),
        (["--accept-by-ear", "Петров П."], "accept_rehearsal", {"by": "Петров П."}),
    ],
)
def test_cancel_and_acceptance_are_commands(made: Any, words: list[str], command: str, sent: dict[str, Any]) -> None:
    room = made()
    assert cli.main(["rehearse", *words]) == 0
    assert room.asked == [(command, sent)]


def test_a_terminal_counts_down() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    screen = prompting.Screen(terminal, helps=True)
    for second in range(30):
        step = as_json(at(float(second)))
        assert step is not None
        screen.show(step)
    shown = terminal.getvalue()
    assert shown.count(script.FULL[0].prompt) == 1
    assert all(f"ещё {left} с" in shown for left in (7, 6, 5, 10, 1))


def test_a_station_that_does_not_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "station.toml"
    path.write_text(CONFIG)  # without a roster
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-m", "station.cli", "rehearse", "--config", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "roster.csv" in done.stderr
    assert done.stderr.count("\n") == 1


# -- what is spoken --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("part", [*script.FULL, *script.QUICK], ids=lambda part: f"{part.step}-{part.heard_s}")
def test_every_prompt_is_spoken_well_within_its_time(tmp_path: Path, part: script.Part, language: str) -> None:
    spoken = tmp_path / "spoken.wav"
    text = part.ru if language == "ru" else part.en
    subprocess.run(["espeak-ng", "-v", language, "-w", spoken, text], check=True)
    seconds = float(subprocess.run(["soxi", "-D", spoken], capture_output=True, text=True, check=True).stdout)
    assert seconds + 1.0 <= part.ready_s


def test_without_a_voice_it_is_shown_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    speaker = Speaker()
    speaker.say("Тишина.")
    speaker.finish()
    speaker.hush()


def test_what_came_between_is_no_other_recordings_end() -> None:
    told = {"file": FILE, "ending": "done"}
    assert prompting._ours({"rehearsal": told}, FILE) == told
    with pytest.raises(Rejected):
        prompting._ours({"rehearsal": told}, "11.02.2026_265_701020_проба_02.wav")
