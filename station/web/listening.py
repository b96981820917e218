"""How much of each take was really played: the union of what browsers report. Pure."""

from collections.abc import Iterable, Mapping, Sequence

Range = tuple[float, float]
"""From, to: seconds of the file."""


class Listening:
    """Of the takes heard since this process began."""

    def __init__(self) -> None:
        self._played: dict[str, Sequence[Range]] = {}

    def add(self, stem: str, ranges: Iterable[Range], whole_s: float) -> None:
        """More was played, of a recording of `whole_s`; what lies outside of it was not."""
        within = [(max(0.0, first), min(last, whole_s)) for first, last in ranges]
        self._played[stem] = _joined([*self._played.get(stem, ()), *((a, b) for a, b in within if a < b)])

    def seconds(self, stem: str) -> float:
        """Seconds of it that were played at least once."""
        return round(sum(last - first for first, last in self._played.get(stem, ())), 1)

    @property
    def played(self) -> Mapping[str, Sequence[Range]]:
        return self._played


def _joined(ranges: Iterable[Range]) -> Sequence[Range]:
    """The same seconds, none of them twice."""
    joined: list[Range] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(last, joined[-1][1])
        else:
            joined.append((first, last))
    return joined
