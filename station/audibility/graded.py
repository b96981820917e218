"""What a metric of one channel is made of. Pure; for the modules that grade."""

from typing import NamedTuple

from exam.language import say
from station.audibility.findings import Grade, Metric, MetricName, Place
from station.audibility.speech import Frames
from station.audibility.thresholds import Thresholds
from station.audibility.track import Track


class Heard(NamedTuple):
    """One channel of a track. `active_dbfs`: the level of whoever speaks, None when nobody does."""

    track: Track
    channel: int
    frames: Frames
    thresholds: Thresholds
    active_dbfs: float | None

    def metric(
        self,
        name: MetricName,
        grade: Grade,
        value: float | None,
        unit: str = "",
        *,
        reason: str = "",
        advice: str = "",
        places: tuple[Place, ...] = (),
    ) -> Metric:
        """Reason, advice and places are left out of what passes; a reason names the channel where there are several."""
        named = self.track.shape.channels > 1
        prefix = say(f"Микрофон {self.channel + 1}: ", f"Microphone {self.channel + 1}: ") if named else ""
        told = grade != "pass"
        return Metric(
            name=name,
            grade=grade,
            value=None if value is None else round(value, 4),
            unit=unit,
            channel=self.channel if named else None,
            reason=_sentence(prefix + reason) if told else "",
            advice=advice if told else "",
            places=places if told else (),
        )


def rising(value: float, warn: float, fail: float) -> Grade:
    """The more, the worse."""
    return "fail" if value >= fail else "warn" if value >= warn else "pass"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
