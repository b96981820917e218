"""The sound server (PulseAudio, or PipeWire in its place): which source feeds us. The only place that imports pulsectl.

The server moves a stream to another source without a word when its own disappears. It says so on this connection
before it sends a frame of the other source on the stream's; so whoever looks here after reading sound and before
passing it on never passes on foreign sound.
"""

import os
import select
from typing import Any, NamedTuple

import pulsectl

from exam.language import say
from station.capture.away import Away

_ANSWER_S = 0.8
_PATIENCE_S = 8.0  # once sound comes: a server that is only slow must not cost it


class Source(NamedTuple):
    """Something the server can record from, by its stable name."""

    name: str
    channels: int


class Server:
    """A connection to the sound server. Raises Away when there is none, or it does not answer."""

    def __init__(self) -> None:
        self._waiting = select.poll()
        self._descriptors: frozenset[int] = frozenset()
        self._stirred, self._patience_s = False, _ANSWER_S
        self._stream = self._source = -1
        self._pulse = pulsectl.Pulse("exam-station", connect=False)
        self._pulse.set_poll_func(self._poll, lambda *_: None)
        self._pulse.event_callback_set(self._stir)
        try:
            self._pulse.connect()
            self._pulse.event_mask_set("source", "source_output")
        except pulsectl.PulseError as error:
            self._pulse.close()
            raise Away(say("звуковая служба не отвечает", "the sound server does not answer")) from error

    def close(self) -> None:
        self._pulse.close()

    def sources(self) -> list[Source]:
        """All there are, monitors of outputs included."""
        return [Source(source.name, source.channel_count) for source in self._ask(self._pulse.source_list)]

    def default(self) -> str:
        """Name of the source the server's user has chosen: $PULSE_SOURCE, else its default."""
        return os.environ.get("PULSE_SOURCE") or self._ask(self._pulse.server_info).default_source_name or ""

    def demand(self, name: str) -> None:
        """Raises Away unless the source `name` is there."""
        if name not in (source.name for source in self.sources()):
            raise _gone(name)

    def follow(self, name: str | None) -> bool:
        """Watch this process's recording stream from now on; whether it has one here.

        Raises Away unless the source `name`, if one is given, feeds it.
        """
        own = str(os.getpid())
        streams = [
            stream
            for stream in self._ask(self._pulse.source_output_list)
            if stream.proplist.get("application.process.id") == own
        ]
        if not streams:
            return False
        self._stream, self._source = streams[-1].index, streams[-1].source
        feeding = [source.name for source in self._ask(self._pulse.source_list) if source.index == self._source]
        if name is not None and name not in feeding:
            raise _changed()
        self._patience_s = _PATIENCE_S
        return True

    def wait(self, seconds: float) -> None:
        """Let time pass; returns early when the server says something. Raises Away when our source is ours no more."""
        if not self._waiting.poll(seconds * 1000) and not self._stirred:
            return
        try:
            self._pulse.event_listen(1e-6)  # 0 would wait for ever
            while self._stirred:
                self._stirred = False
                if self._stream < 0:
                    continue
                stream = self._ask(lambda: self._pulse.source_output_info(self._stream))
                if stream.source != self._source:
                    raise _changed()
        except pulsectl.PulseDisconnected as error:
            raise Away(say("звуковая служба остановилась", "the sound server stopped")) from error

    def _ask(self, question: Any) -> Any:
        try:
            return question()
        except pulsectl.PulseIndexError as error:
            raise Away(say("источник звука исчез", "the source of sound is gone")) from error
        except pulsectl.PulseError as error:
            raise Away(say("звуковая служба остановилась", "the sound server stopped")) from error

    def _stir(self, _event: object) -> None:
        self._stirred = True

    def _poll(self, descriptors: list[Any], timeout_s: float) -> int:
        """libpulse's wait, and the occasion to learn what it waits for; an answer is not awaited for ever."""
        self._watch(descriptors)
        ready = dict(self._waiting.poll(1000 * (timeout_s if timeout_s >= 0 else self._patience_s)))
        if not ready and timeout_s < 0:
            self._pulse.connected = False
        for one in descriptors:
            one.revents = ready.get(one.fd, 0)
        return len(ready)

    def _watch(self, descriptors: list[Any]) -> None:
        for gone in self._descriptors - {one.fd for one in descriptors}:
            self._waiting.unregister(gone)
        for one in descriptors:
            self._waiting.register(one.fd, one.events)
        self._descriptors = frozenset(one.fd for one in descriptors)


def _gone(name: str) -> Away:
    return Away(say(f"источника «{name}» нет", f"there is no source “{name}”"))


def _changed() -> Away:
    return Away(
        say("звуковая служба подменила источник звука другим", "the sound server gave another source instead"),
        "device_changed",
    )
