"""What a power cut left, before any repair: that it plays, how much of it is lost, that takes equal their spans."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from rig.marker import Frames, align
from rig.players import played
from rooms import RATE, frames_of

from exam import manifest
from station.session import Day

MAX_LOSS_S = 1.0
_BEFORE_S = 4.0  # how far before a recording's presumed start its first sound may be looked for


def unfinished(folder: Path) -> dict[str, Frames]:
    """What every player plays of the files that have no manifest yet, by name; all of them must play."""
    sounds = {path.name: path for path in sorted(folder.glob("*.wav")) if not _is_published(path)}
    return {name: _shortest(path) for name, path in sounds.items()}


def missing_at_the_end(stream: Frames, source: Frames, ended: int) -> int:
    """Frames of `source`, which ended at its frame `ended`, that the recording of it lacks at its end."""
    first = max(0, ended - len(stream) - round(_BEFORE_S * RATE))
    place = align(stream, source[first:])
    assert place.unbroken, place.discontinuities
    return ended - (first + place.marker_end)


def check_take(day: Day, sounds: Mapping[str, Frames], until: int) -> None:
    """The participant's own file holds its spans of the stream, at least what lies before the frame `until`."""
    take = day.take
    if take is None:
        return
    stream, own = sounds[day.parts[-1].file], sounds[take.tape + ".wav"]
    spans = [(span.first_frame, span.end) for span in take.spans]
    spans += [(take.open_from.frame, len(stream))] if take.open_from else []
    whole = np.concatenate([stream[first:end] for first, end in spans])
    common = min(len(own), len(whole))
    assert np.array_equal(own[:common], whole[:common])
    needed = sum(max(0, min(end, until) - first) for first, end in spans)
    assert len(own) >= needed, "the participant's own file is shorter than what was synced"


def _is_published(path: Path) -> bool:
    return path.with_name(path.name.removesuffix(".wav") + manifest.SUFFIX).exists()


def _shortest(path: Path) -> Frames:
    sounds = played(path)
    stored = frames_of(path)
    for player, sound in sounds.items():
        assert np.array_equal(sound, stored[: len(sound)]), f"{player} plays other samples than {path.name} holds"
    return min(sounds.values(), key=len)
