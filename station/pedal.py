"""The daemon's side of pedal and keys: keeps their process, passes presses on, shows whether the pedal is there.

Used by the service. Recording needs none of it: the process may die, hang or say nonsense; it is replaced. There is
one only where a pedal was learnt or keys are configured, and none while a pedal is being learnt.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from exam.clock import NS_PER_S, Clock
from exam.errors import ConfigError, ExamError
from exam.settings import wrong
from station.config import Config
from station.controls import pedals
from station.controls.process import Process
from station.controls.wire import PULSE_S, Pressed, Said, Seen, Setting
from station.messages import PedalStatus, Refusal, Request, Status
from station.session.commands import Button, Press
from station.window import Window

_LOOK_S = 1.0
_HUNG_NS = round(4 * PULSE_S * NS_PER_S)
_STALE_NS = 2 * NS_PER_S  # a press that comes later is not carried out any more
_PATIENCE_NS = NS_PER_S
_MOST_PATIENCE_NS = 16 * NS_PER_S  # doubled with each process that did not live for so long

_log = logging.getLogger(__name__)


def keys_of(config: Config) -> dict[int, Button]:
    """Codes of the configured keys with what they do. Raises ConfigError naming the key that is none."""
    named = {button: str(getattr(config.controls.keys, button)) for button in pedals.ORDER}
    chosen = {button: name for button, name in named.items() if name}
    if not chosen:
        return {}
    from station.controls import devices  # noqa: PLC0415 - evdev is needed only where keys are configured

    codes: dict[int, Button] = {}
    for button, name in chosen.items():
        code = devices.code_of(name)
        if code is None or code in codes:
            raise wrong(
                config.path,
                f"controls.keys.{button}",
                f"«{name}» — ожидается клавиша, как её называет evdev (KEY_F9), для каждого действия своя",
                f"“{name}”: expected a key by evdev's name (KEY_F9), another one for each",
            )
        codes[code] = button
    return codes


class Pedal:
    """Pedal and keys of one room; `post` takes the presses."""

    def __init__(self, config: Config, window: Window, post: Callable[[Request], None], clock: Clock) -> None:
        """Raises ConfigError when a configured key is none."""
        self._keys, self._window, self._post, self._clock = keys_of(config), window, post, clock
        self._config, self._learnt = config.path, _File(pedals.file_of(config.path))
        self._process: Process | None = None
        self._not_before_ns, self._patience_ns = 0, _PATIENCE_NS
        self._asked: Future[Status] | None = None
        self._seen = Seen(present=False)
        self._refusal: Refusal | None = None
        self._lock, self._is_over = threading.Lock(), False
        self._thread = threading.Thread(target=self._work, name="pedal", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """No press is heard any more."""
        with self._lock:
            self._is_over = True
            self._end()

    @property
    def pid(self) -> int:
        """The process's, 0 while there is none."""
        process = self._process
        return process.pid if process is not None else 0

    def _work(self) -> None:
        version = 0
        while not self._is_over:
            state, version = self._window.state_after(version, _LOOK_S)
            with self._lock:
                if not self._is_over:
                    self._follow()
                if self._process is not None:
                    self._process.tell(state)

    # -- the process -------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Let one run that listens to what is to be listened to now."""
        now, wanted = self._clock.monotonic_ns(), self._wanted()
        if self._process is not None and (self._process.is_over or now - self._process.said_ns > _HUNG_NS):
            is_short_lived = now - self._process.started_ns < _MOST_PATIENCE_NS
            self._patience_ns = min(2 * self._patience_ns, _MOST_PATIENCE_NS) if is_short_lived else _PATIENCE_NS
            self._not_before_ns = now + self._patience_ns
            self._end()
        elif self._process is not None and self._process.setting != wanted:
            self._end()
        if self._process is None and wanted is not None and now >= self._not_before_ns:
            self._begin(wanted, now)
        self._show()

    def _wanted(self) -> Setting | None:
        pedal = self._learnt.pedal
        is_needed = (pedal is not None or self._keys) and not pedals.is_being_learnt(self._config)
        return Setting(pedal, self._keys) if is_needed else None

    def _begin(self, setting: Setting, now: int) -> None:
        try:
            self._process = Process(setting, self._hear, self._clock)
        except OSError as error:  # no memory for another: the page does without
            self._not_before_ns = now + _MOST_PATIENCE_NS
            _log.warning("%s", error)

    def _end(self) -> None:
        if self._process is not None:
            self._process.close()
        self._process, self._seen = None, Seen(present=False)

    # -- what it says ------------------------------------------------------------------------------------------

    def _hear(self, said: Said) -> None:
        if isinstance(said, Pressed):
            self._pass_on(said)
        else:
            self._seen = said
            self._show()

    def _pass_on(self, pressed: Pressed) -> None:
        """One press at a time: while the recorder owes an answer to one, others are dropped, not queued."""
        now = self._clock.monotonic_ns()
        if now - pressed.at_ns > _STALE_NS or (self._asked is not None and not self._asked.done()):
            return
        press = Press(button=pressed.button, gesture=pressed.gesture)
        self._asked = Future()
        self._asked.add_done_callback(self._note)
        self._post(Request(press, min(pressed.at_ns, now), self._asked))

    def _note(self, answer: "Future[Status]") -> None:
        """Called by the recorder's thread: nothing here waits."""
        error = answer.exception()
        self._refusal = (
            Refusal(error.code, error.ru, error.en, self._clock.now()) if isinstance(error, ExamError) else None
        )
        self._show()

    def _show(self) -> None:
        has_pedal = self._learnt.known is not None
        shown = PedalStatus(self._seen.present, self._seen.holding, self._refusal)
        self._window.show_pedal(shown if has_pedal else None)


class _File:
    """What was learnt, read again when the file is another one. One that cannot be read is told of once."""

    def __init__(self, path: Path) -> None:
        self._path, self._stamp = path, (0, 0)
        self.known: pedals.Pedal | None = None

    @property
    def pedal(self) -> pedals.Pedal | None:
        """As it is on the disk now."""
        try:
            status = self._path.stat()
            stamp = (status.st_ino, status.st_mtime_ns)
        except OSError:
            stamp = (0, 0)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self.known = pedals.load(self._path)
            except ConfigError as error:
                self.known = None
                _log.warning("%s", error)
        return self.known
