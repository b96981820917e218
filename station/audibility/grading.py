"""A number against its limits. Pure."""

from msgspec.structs import replace

from station.audibility.findings import Grade, Metric, Place
from station.audibility.words import Said


def below(value: float, warn: float, fail: float) -> Grade:
    """For what must not be less."""
    return "pass" if value >= warn else "warn" if value >= fail else "fail"


def above(value: float, warn: float, fail: float) -> Grade:
    """For what must not be more."""
    return "pass" if value <= warn else "warn" if value <= fail else "fail"


def explained(metric: Metric, said: Said, places: tuple[Place, ...]) -> Metric:
    """With its value rounded; it says why, what to change and where to listen unless it passes."""
    value = None if metric.value is None else round(metric.value, 1)
    if metric.grade == "pass":
        return replace(metric, value=value)
    return replace(metric, value=value, reason=said[0], advice=said[1], places=places)
