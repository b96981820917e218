"""The takes, analysed while they are recorded, so that a verdict is there moments after the stop."""

import logging
from collections.abc import Sequence
from pathlib import Path

from exam.audio import FrameSpan, Mark, frame_within
from station.audibility.analyser import Analyser
from station.audibility.case import Case
from station.audibility.detector import Detector
from station.audibility.timeline import of_marks
from station.audibility.verdict import judge
from station.listening.reading import Tapes
from station.messages import Judged
from station.situation import Setting, Situation, TakeSituation

_log = logging.getLogger(__name__)

_PIECE_S = 4.0  # read and analysed at once, between two looks at what is live


class _Take:
    """One take being listened to: `heard` frames of its spans' concatenation have been analysed."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._analyser = Analyser(setting.shape, Detector(setting.shape.sample_rate))
        self._heard = 0
        self._judged: int | None = None

    def work(self, situation: Situation, take: TakeSituation, tapes: Tapes) -> bool:
        """Analyse a piece of what there is; whether there is more."""
        spans = _known(situation, take)
        piece = _next(spans, self._heard, self._setting.shape.frames(_PIECE_S))
        if piece is None:
            return False
        sound = tapes.read(Path(situation.folder, piece.stream), piece.first_frame, piece.frames)
        self._analyser.feed(sound)
        self._heard += len(sound)
        return len(sound) > 0

    def judge(self, take: TakeSituation) -> Judged | None:
        """The verdict on a take that is over and all heard; once."""
        frames = sum(span.frames for span in take.spans)
        if not take.wants_verdict or self._heard < frames or self._judged == frames or not frames:
            return None
        self._judged = frames
        marks = [Mark(task, frame_within(take.spans, place.stream, place.frame)) for task, place in take.marks]
        timeline = of_marks(marks, frames, self._setting.shape.sample_rate, take.tasks)
        case = Case(
            timeline=timeline,
            gaps=take.gaps,
            seats=self._setting.seats,
            thresholds=self._setting.thresholds,
            drift_ppm=take.drift_ppm,
        )
        return Judged(take.stem, frames, judge(self._analyser.track(), case))


class Takes:
    """Those in the situation; what left it is forgotten."""

    def __init__(self, setting: Setting, tapes: Tapes) -> None:
        self._setting, self._tapes = setting, tapes
        self._takes: dict[str, _Take] = {}
        self._left: set[str] = set()

    def work(self, situation: Situation) -> tuple[bool, Sequence[Judged]]:
        """Analyse a piece of each; whether there is more to do, and the verdicts that are ready."""
        self._takes = {take.stem: self._takes.get(take.stem) or _Take(self._setting) for take in situation.takes}
        is_behind, judged = False, []
        for take in situation.takes:
            try:
                if take.stem not in self._left:
                    is_behind |= self._takes[take.stem].work(situation, take, self._tapes)
                    judged.append(self._takes[take.stem].judge(take))
            except Exception as error:  # noqa: BLE001 - an edge: what is live is heard all the same
                self._left.add(take.stem)
                _log.warning("%s: %r", take.stem, error)
        return is_behind, [said for said in judged if said is not None]


def _known(situation: Situation, take: TakeSituation) -> Sequence[FrameSpan]:
    """The spans, as far as their sound counts; that being recorded, too."""
    spans = list(take.spans)
    if take.open_from is not None:
        place = take.open_from
        spans.append(FrameSpan(place.stream, place.frame, max(0, situation.frames - place.frame)))
    if spans and spans[-1].stream == situation.file:
        last = spans[-1]
        spans[-1] = FrameSpan(last.stream, last.first_frame, max(0, min(last.end, situation.frames) - last.first_frame))
    return spans


def _next(spans: Sequence[FrameSpan], heard: int, most: int) -> FrameSpan | None:
    """At most `most` frames of the concatenation, from its frame `heard` on; None when all was heard."""
    for span in spans:
        if heard < span.frames:
            return FrameSpan(span.stream, span.first_frame + heard, min(most, span.frames - heard))
        heard -= span.frames
    return None
