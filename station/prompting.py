"""`station rehearse`: shows and speaks the steps of the test recording that the daemon makes, and tells what it found.

Without a daemon one is started for as long as it takes. Imports neither numpy nor sounddevice.
"""

import argparse
import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import IO, Any

import msgspec

from exam.errors import ExamError, Rejected
from exam.language import say
from station import client, script
from station.audibility.findings import Verdict
from station.audibility.telling import lines_of
from station.config import Config, find, load
from station.speaker import Speaker
from station.usage import Add

_POLL_S = 0.1
_HUSH_S = 0.6  # before it counts nothing is spoken any more
_START_S = 30.0
_SOUND_S = 10.0
_VERDICT_S = 120.0
_STOP_S = 30.0

Ask = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Sends a command to the daemon; the status after it."""


def add_to(add: Add) -> None:
    """Tell the command line of it."""
    command = add("rehearse", "проба звука: слышно ли всех", "a test recording: is everyone heard?", _act)
    what = command.add_mutually_exclusive_group()
    what.add_argument(
        "--quick", action="store_true", help=say("20 секунд, между участниками", "20 seconds, between participants")
    )
    what.add_argument("--cancel", action="store_true", help=say("прервать пробу", "end the one that runs"))
    what.add_argument(
        "--accept-by-ear",
        metavar=say("ИМЯ", "NAME"),
        help=say("пробу послушал и ручается этот человек", "who listened to it and answers for it"),
    )
    command.add_argument(
        "--silent", action="store_true", help=say("только показывать, вслух не говорить", "show only, do not speak")
    )


def _act(arguments: argparse.Namespace) -> int:
    config = load(find(getattr(arguments, "config", None)))
    if arguments.cancel:
        _show(_ask(config, "cancel_rehearsal", {}), as_json=arguments.json)
    elif arguments.accept_by_ear is not None:
        _accept(config, arguments.accept_by_ear, as_json=arguments.json)
    else:
        screen = Screen(sys.stderr if arguments.json else sys.stdout, helps=not arguments.quick)
        status = rehearse(config, screen, Speaker(silent=arguments.silent), quick=arguments.quick)
        _show(status, as_json=arguments.json)
        _judge(status["rehearsal"])
    return 0


def _ask(config: Config, command: str, sent: dict[str, Any]) -> dict[str, Any]:
    return client.ask(client.listening(config.school.code, config.room.number, config.path), command, sent)


def _accept(config: Config, name: str, *, as_json: bool) -> None:
    """Through the daemon, else in the day's folder itself."""
    try:
        _show(_ask(config, "accept_rehearsal", {"by": name}), as_json=as_json)
    except client.NotRunning:
        from station import paperwork  # noqa: PLC0415 - heavy: only without a daemon

        paperwork.tell(config, "accept_rehearsal", {"by": name})


# -- making it -------------------------------------------------------------------------------------------------


class Screen:
    """Where the steps are shown: a terminal counts down, elsewhere each step is one line.

    `helps`: with a text for whoever has nothing to say.
    """

    def __init__(self, out: IO[str], *, helps: bool) -> None:
        self._out, self._counts, self._helps = out, out.isatty(), helps
        self._shown: tuple[str, bool] | None = None

    def show(self, step: Mapping[str, Any]) -> bool:
        """The step; whether it is another than before."""
        now = (str(step["step"]), bool(step["listening"]))
        is_new, self._shown = now != self._shown, now
        if is_new:
            self._out.write(
                ("\n" if self._counts else "")
                + "\n".join(_lines_of(step, helps=self._helps))
                + ("" if self._counts else "\n")
            )
        if self._counts:
            left = say(f"ещё {step['seconds_left']:.0f} с", f"{step['seconds_left']:.0f} s left")
            self._out.write(f"\r    {left}   " if not is_new else f"\n    {left}   ")
        self._out.flush()
        return is_new

    def say(self, text: str) -> None:
        self._out.write(("\n" if self._counts else "") + text + "\n")
        self._out.flush()


def _lines_of(step: Mapping[str, Any], *, helps: bool) -> list[str]:
    if step["listening"]:
        return [say("  — слушаю", "  — listening")]
    lines = [str(step["prompt"])]
    if helps and step["step"] != "silence":
        lines.append("  " + script.reading())
    return lines


def rehearse(config: Config, screen: Screen, speaker: Speaker, *, quick: bool) -> dict[str, Any]:
    """Make a test recording; the status once it was judged. Raises ExamError, also when something came between."""
    with _daemon(config) as ask:
        file = ask("rehearse", {"quick": quick})["rehearsal"]["file"]
        try:
            _conduct(ask, file, screen, speaker)
        except KeyboardInterrupt:
            with contextlib.suppress(ExamError):
                ask("cancel_rehearsal", {})
            raise
        finally:
            speaker.hush()
        screen.say(script.thanks())
        speaker.say(script.thanks())
        status = _await(partial(_judged, ask, file), _VERDICT_S)
        speaker.finish()
    if status is None:
        raise Rejected(
            f"Проба {file} записана, но не оформлена за {_VERDICT_S:.0f} с. Посмотрите: station status.",
            f"{file} is recorded but was not published within {_VERDICT_S:.0f} s. See station status.",
            code="timeout",
        )
    return status


def _conduct(ask: Ask, file: str, screen: Screen, speaker: Speaker) -> None:
    """Show and speak until it is over."""
    while (step := _ours(ask("status", {}), file)["running"]) is not None:
        if screen.show(step) and not step["listening"]:
            speaker.say(str(step["prompt"]))
        if step["listening"] or step["seconds_left"] < _HUSH_S:
            speaker.hush()
        time.sleep(_POLL_S)


def _ours(status: Mapping[str, Any], file: str) -> dict[str, Any]:
    """What the status tells of our test recording. Raises Rejected when it did not come to its end."""
    told: dict[str, Any] = status["rehearsal"]
    if told["file"] == file and told["ending"] in {None, "done"}:
        return told
    ru, en = _ENDINGS.get(str(told["ending"]), ("начата другая", "another one was begun"))
    raise Rejected(
        f"Проба прервана: {ru}. Записанное сохранено ({file}); когда будет можно, повторите: station rehearse.",
        f"The test recording was ended: {en}. What there is of it is kept ({file}); repeat it: station rehearse.",
        code="rehearsal_ended",
    )


_ENDINGS = {
    "open": ("открыт день", "the day was opened"),
    "start": ("начата запись участника", "a participant's take began"),
    "close": ("день закрыт", "the day was closed"),
    "cancel": ("её отменили", "it was cancelled"),
    "shutdown": ("станцию остановили", "the station was stopped"),
    "crash": ("станция перезапустилась", "the station was restarted"),
    "device_lost": ("микрофон пропал, подключите его", "the microphone is gone, plug it in"),
    "disk_failed": ("диск не принял запись, проверьте место", "the disk took no more, check its space"),
}


def _judged(ask: Ask, file: str) -> dict[str, Any] | None:
    status = ask("status", {})
    return status if _ours(status, file)["published"] else None


def _await(ready: Callable[[], dict[str, Any] | None], seconds: float) -> dict[str, Any] | None:
    deadline = time.monotonic() + seconds
    while (status := ready()) is None and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    return status


# -- the daemon ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _daemon(config: Config) -> Iterator[Ask]:
    """The room's daemon: the running one, else one of our own, stopped at the end."""
    ask = partial(_ask, config)
    try:
        ask("status", {})
    except client.NotRunning:
        with tempfile.TemporaryFile() as log, _child(config, log) as daemon:
            _await_sound(ask, daemon, log)
            yield ask
    else:
        yield ask


@contextlib.contextmanager
def _child(config: Config, log: IO[bytes]) -> Iterator["subprocess.Popen[bytes]"]:
    """In this terminal's group on purpose: it ends in order with whatever ends us."""
    command = [sys.executable, "-m", "station.cli", "run", "--config", str(config.path)]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log) as daemon:
        try:
            yield daemon
        finally:
            daemon.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                daemon.wait(_STOP_S)


def _await_sound(ask: Ask, daemon: "subprocess.Popen[bytes]", log: IO[bytes]) -> None:
    """Until it answers and hears; without a microphone it will refuse, and say why."""
    if _await(partial(_answer, ask, daemon, log), _START_S) is not None:
        _await(lambda: status if (status := ask("status", {}))["levels"]["rms_dbfs"] else None, _SOUND_S)


def _answer(ask: Ask, daemon: "subprocess.Popen[bytes]", log: IO[bytes]) -> dict[str, Any] | None:
    if daemon.poll() is not None:
        log.seek(0)
        said = log.read().decode(errors="replace").strip().rsplit("\n", 1)[-1]
        raise Rejected(said, said, code="not_started")
    try:
        return ask("status", {})
    except client.NotRunning:
        return None


# -- what it found ---------------------------------------------------------------------------------------------


def _show(status: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(status, ensure_ascii=False) + "\n")
        return
    told = status["rehearsal"]
    if told is not None and told["verdict"] is not None:
        sys.stdout.write("\n".join(lines_of(msgspec.convert(told["verdict"], type=Verdict))) + "\n")
    if told is not None and told["accepted_by"] is not None:
        sys.stdout.write(say("Принято на слух: ", "Accepted by ear: ") + f"{told['accepted_by']}\n")


def _judge(told: Mapping[str, Any]) -> None:
    """Raises Rejected unless all is well enough."""
    if told["grade"] is None:
        raise Rejected(
            f"Проба {told['file']} записана, но оценить её не удалось. Послушайте её; если она хорошая: station "
            "rehearse --accept-by-ear ИМЯ.",
            f"{told['file']} is recorded but could not be judged. Listen to it; if it is good: station rehearse "
            "--accept-by-ear NAME.",
            code="not_judged",
        )
    if told["grade"] == "fail":
        raise Rejected(
            "Проба не удалась: исправьте названное и повторите station rehearse. Если на слух всё хорошо: station "
            "rehearse --accept-by-ear ИМЯ. Открыть день и записывать можно и так.",
            "The test recording failed: mend what is named and repeat station rehearse. If it sounds good: station "
            "rehearse --accept-by-ear NAME. The day can be opened and recorded all the same.",
            code="rehearsal_failed",
        )
