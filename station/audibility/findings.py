"""What was found in a recording: metrics with grades, reasons and places to listen to. Plain records, without numpy."""

from typing import Literal

from msgspec import Struct

SCHEMA = 1

Grade = Literal["pass", "warn", "fail", "unknown"]
"""`unknown`: not determined; it says why, and is never worse than `pass`."""
Voice = Literal["interlocutor", "participant"]
Basis = Literal["rehearsal", "recording", "file"]
"""What was judged: a test recording by its steps, a take by its task marks, a file of which nothing is known."""
MetricName = Literal[
    "noise",
    "suppression",
    "snr",
    "level",
    "difference",
    "active",
    "clipping",
    "dropouts",
    "hum",
    "transients",
    "bandwidth",
    "dc",
    "rate",
    "separation",
]


Severity = Literal["warn", "red"]
LiveCode = Literal["level_low", "level_high", "clipping", "silence", "dropout", "noise", "no_speech"]


class LiveAlarm(Struct, frozen=True):
    """What is wrong with the sound now. `ago_s`: for how long; `value`: dBFS, dB, per cent or seconds, by the code.
    `channel`: None where of all."""

    code: LiveCode
    severity: Severity
    channel: int | None
    value: float
    ago_s: float


class Place(Struct, frozen=True):
    """Where to listen: seconds from the beginning of the file."""

    start_s: float
    end_s: float


class Metric(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One measured quantity. `value` is None where it could not be determined.

    `voice`, `channel` (from 0): whose and which, where the metric is of one. `reason`: what is wrong, `advice`: what to
    change, for a person, empty when it passes. `places`: the worst ones first, or in order of time.
    """

    name: MetricName
    grade: Grade
    value: float | None = None
    unit: str = ""
    voice: Voice | None = None
    channel: int | None = None
    reason: str = ""
    advice: str = ""
    places: tuple[Place, ...] = ()


class Verdict(Struct, frozen=True, kw_only=True):
    """The whole judgement: `grade` is the worst of its metrics'. It advises; acceptance is a person's decision."""

    schema: int = SCHEMA
    basis: Basis
    grade: Grade
    seconds: float
    speech_s: float
    metrics: tuple[Metric, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """What is wrong, the worst first."""
        found = sorted((metric for metric in self.metrics if metric.reason), key=lambda metric: -_RANK[metric.grade])
        return tuple(metric.reason for metric in found)


_RANK = {"pass": 0, "unknown": 0, "warn": 1, "fail": 2}


def worst(metrics: "tuple[Metric, ...]") -> Grade:
    """The grade of a whole: what is not determined spoils nothing; `unknown` only when nothing was."""
    known: list[Grade] = [metric.grade for metric in metrics if metric.grade != "unknown"]
    return max(known, key=_RANK.__getitem__, default="unknown")
