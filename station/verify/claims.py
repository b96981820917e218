"""Heads copied from paper, held against the audio: whether the stream is the one they were printed from. Pure.

Whoever can rewrite audio, chain file, journal and manifest alike cannot rewrite paper. A head that no longer follows
from the audio says that something before it was changed; the heads before it that still follow, and whatever in the
folder is vouched for by the head itself, say where.
"""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from exam.language import say
from station import links
from station.links import HEAD_DIGITS, Link
from station.verify.chains import Evidence, Stretch, differing, where
from station.verify.report import Breach

_LEAST_DIGITS = 12
_GROUP = 4


class Claim(Struct, frozen=True):
    """A head as given: its first digits, lower case; `stream` and `frame` only where the source named them."""

    head: str
    stream: str | None = None
    frame: int | None = None


class Outcome(Struct, frozen=True):
    """How many heads the audio gives, and what follows from those it does not."""

    confirmed: int
    breaches: tuple[Breach, ...]


def read(lines: Iterable[str]) -> list[Claim]:
    """A list of heads: one a line, in the order they were printed; or rows of `station verify --heads`.

    Empty lines and those that begin with # are passed over. Raises ValueError naming the line that is none.
    """
    return [claim(line) for line in lines if line.strip() and not line.lstrip().startswith("#")]


def claim(text: str) -> Claim:
    """A head as typed: at least 12 digits, spaces and case ignored; `… @ FRAME` where the paper says the frame.

    Raises ValueError when it is none.
    """
    columns = text.strip().split("\t")
    head, _, frame = columns[-1].partition("@")
    stream = None
    if len(columns) > 2 and columns[-2].isdecimal():  # noqa: PLR2004 - a row as `station verify --heads` prints it
        stream, frame = columns[-3], columns[-2]
    digits = "".join(head.split()).lower()
    if not re.fullmatch(rf"[0-9a-f]{{{_LEAST_DIGITS},{HEAD_DIGITS}}}", digits) or (frame and not _is_number(frame)):
        raise ValueError(
            say(
                f"«{text.strip()}» — ожидается контрольный код: от {_LEAST_DIGITS} знаков 0–9, a–f",
                f"“{text.strip()}”: expected a head, {_LEAST_DIGITS} or more of the digits 0-9, a-f",
            )
        )
    return Claim(digits, stream, int(frame) if frame else None)


def unconfirmed(claims: Sequence[Claim], parts: Sequence[Evidence]) -> Outcome:
    """Hold the claims, in the order they were printed, against the audio of the stream's parts."""
    places = [_place(claim, parts) for claim in claims]
    denied = [number for number, place in enumerate(places) if place is None]
    breaches: list[Breach] = []
    left = denied
    for part in parts:
        vouched = {number: count for number in left if (count := _vouched(claims[number], part))}
        stretches = _by_chain_file(part, max(vouched.values(), default=0))
        breaches += [_changed(part, stretch, _said([claims[number] for number in vouched])) for stretch in stretches]
        if stretches:
            left = [number for number in left if number not in vouched]
    bounds: dict[str, tuple[Evidence, Stretch, list[Claim]]] = {}
    for number in left:
        if swapped := _under_another_name(claims[number], parts):
            breaches.append(swapped)
        elif parts:
            part, stretch = _bounded(number, claims, places, parts)
            bounds.setdefault(part.file, (part, stretch, []))[2].append(claims[number])
        else:
            text = _said([claims[number]]) + say("общей записи в папке нет", "there is no stream in the folder")
            breaches.append(Breach(6, claims[number].stream or "*.wav", text))
    breaches += [_changed(part, stretch, _said(told)) for part, stretch, told in bounds.values()]
    return Outcome(len(claims) - len(denied), tuple(dict.fromkeys(breaches)))


_Place = tuple[int, int]
"""Number of the part, number of its link."""


def _place(claim: Claim, parts: Sequence[Evidence]) -> _Place | None:
    for number, part in enumerate(parts):
        for count, link in enumerate(part.heard):
            if link.head.startswith(claim.head):
                return number, count
    return None


def _vouched(claim: Claim, part: Evidence) -> int:
    """How many lines of the chain file the head on paper vouches for: those it follows from; 0 when none."""
    known = part.written or ()
    sound = links.sound(links.origin(part.file, part.shape), known, part.shape)
    return next((count for count in range(1, sound + 1) if known[count - 1].head.startswith(claim.head)), 0)


def _by_chain_file(part: Evidence, count: int) -> list[Stretch]:
    """Where the audio is not that of the first `count` lines."""
    known = (part.written or ())[:count]
    return list(differing(part, known, to_the_end=links.has_ended(known, part.shape)))


def _changed(part: Evidence, stretch: Stretch, told: str) -> Breach:
    text = told + say("звук изменён в пределах ", "the sound was changed within ") + where(part, stretch)
    return Breach(6, part.file, text, stretch.first_frame, stretch.end_frame)


def _under_another_name(claim: Claim, parts: Sequence[Evidence]) -> Breach | None:
    """Parts that changed places: under its old name the audio still gives the head."""
    for holder in parts:
        for named in parts:
            if any(link.head.startswith(claim.head) for link in _renamed(holder, named)):
                text = say(f"здесь звук файла {named.file}", f"this is the sound of {named.file}")
                return Breach(6, holder.file, text, 0, holder.heard[-1].frames)
    return None


def _renamed(holder: Evidence, named: Evidence) -> Iterable[Link]:
    return links.chained(links.origin(named.file, holder.shape), holder.heard)


def _bounded(
    number: int, claims: Sequence[Claim], places: Sequence[_Place | None], parts: Sequence[Evidence]
) -> tuple[Evidence, Stretch]:
    """From the last head that holds to the first that does not, or to the end where that one's place is unknown."""
    previous = next((place for place in reversed(places[:number]) if place), None)
    at = previous[0] if previous else 0
    stated = _stated_place(claims[number], parts, at)
    if stated:
        at, upper = stated
    else:
        if previous and previous[1] == len(parts[at].heard) - 1 and at + 1 < len(parts):
            at += 1
        upper = parts[at].heard[-1].frames
    confirmed = [parts[at].heard[place[1]].frames for place in places if place and place[0] == at]
    lower = max((frame for frame in confirmed if frame <= upper), default=0)
    return parts[at], Stretch(lower, upper)


def _stated_place(claim: Claim, parts: Sequence[Evidence], otherwise: int) -> tuple[int, int] | None:
    """Part and frame of a head: as the paper says; else as the journal does, should it still hold the head."""
    if claim.frame is not None:
        files = [part.file for part in parts]
        return (files.index(claim.stream) if claim.stream in files else otherwise), claim.frame
    for number, part in enumerate(parts):
        for frame, head in part.journaled:
            if head.startswith(claim.head):
                return number, frame
    return None


def _said(denied: Sequence[Claim]) -> str:
    """The first of the heads that do not hold, as typed, and how many more."""
    first, more = _grouped(denied[0].head), len(denied) - 1
    ru = f"код с бумаги {first} не подтверждается" + (f" (и ещё {more})" if more else "")
    en = f"the head on paper {first} is not confirmed" + (f" (nor {more} more)" if more else "")
    return say(ru, en) + ": "


def _grouped(digits: str) -> str:
    return " ".join(digits[start : start + _GROUP] for start in range(0, len(digits), _GROUP))


def _is_number(text: str) -> bool:
    return text.strip().isdecimal()
