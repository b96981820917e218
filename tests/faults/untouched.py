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
_TAIL_S = 10.0  # of a recording, to find its end in what was played
_BEFORE_S = 4.0  # how far before that tail's presumed start its first sound may be looked for


def unfinished(folder: Path) -> dict[str, Frames]:
    """What every player plays of the files that have no manifest yet, by name; all of them must play."""
    sounds = {path.name: path for path in sorted(folder.glob("*.wav")) if not _is_published(path)}
    return {name: _shortest(path) for name, path in sounds.items()}


def missing_at_the_end(stream: Frames, source: Frames, ended: int) -> int:
    """Frames of `source`, which ended at its frame `ended`, that the recording of it lacks at its end."""
    first = max(0, ended - round((_TAIL_S + _BEFORE_S) * RATE))
    return ended - (first + align(stream[-round(_TAIL_S * RATE) :], source[first:]).marker_end)


def check_take(folder: Path, day: Day, sounds: Mapping[str, Frames], until: int) -> None:
    """The participant's own file holds its spans of the stream, those of its last part at least until a frame."""
    take = day.take
    if take is None:
        return
    last = day.parts[-1].file
    spans = [(span.stream, span.first_frame, span.end) for span in take.spans]
    spans += [(last, take.open_from.frame, len(sounds[last]))] if take.open_from else []
    streams = {stream: sounds[stream] if stream in sounds else frames_of(folder / stream) for stream, _, _ in spans}
    whole = np.concatenate([streams[stream][first:end] for stream, first, end in spans])
    own = sounds[take.tape + ".wav"]
    common = min(len(own), len(whole))
    assert np.array_equal(own[:common], whole[:common])
    needed = sum(max(0, (min(end, until) if stream == last else end) - first) for stream, first, end in spans)
    assert len(own) >= needed, "the participant's own file is shorter than what was synced"


def _is_published(path: Path) -> bool:
    return path.with_name(path.name.removesuffix(".wav") + manifest.SUFFIX).exists()


def _shortest(path: Path) -> Frames:
    sounds = played(path)
    stored = frames_of(path)
    for player, sound in sounds.items():
        assert np.array_equal(sound, stored[: len(sound)]), f"{player} plays other samples than {path.name} holds"
    return min(sounds.values(), key=len)
