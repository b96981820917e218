"""Speech while a take is paused, by mistake perhaps: remembered, so that it can be restored from the stream.

Used by the recorder's thread alone.
"""

from exam.audio import AudioFormat
from station.session.events import Event, SpeechInPause
from station.voice import FRAME_S, Voice, first_channel

_WORTH_TELLING_S = 1.0  # a cough or a chair is no answer


class Pauses:
    """Told of every block while the take is paused, and of the pause's end."""

    def __init__(self, shape: AudioFormat) -> None:
        self._shape, self._voice = shape, Voice(shape.sample_rate)
        self._since: int | None = None
        self._speech_s = 0.0

    def hear(self, block: bytes, frame: int) -> None:
        """A block of sound heard while paused; the stream has `frame` frames."""
        spoken_s = float(self._voice.speech(first_channel(block, self._shape)).sum()) * FRAME_S
        if spoken_s and self._since is None:
            self._since = frame
        self._speech_s += spoken_s

    @property
    def is_talked_in(self) -> bool:
        """Whether somebody has spoken in this pause for longer than a cough."""
        return self._speech_s >= _WORTH_TELLING_S

    def over(self, stem: str, stream: str) -> tuple[Event, ...]:
        """The pause of the take `stem` ends: what to remember of it."""
        since, speech_s, talked = self._since, self._speech_s, self.is_talked_in
        self._since, self._speech_s = None, 0.0
        if not talked or since is None:
            return ()
        return (SpeechInPause(stem=stem, stream=stream, frame=since, speech_s=round(speech_s, 1)),)
