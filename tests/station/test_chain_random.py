"""Whatever is done to the sound: heads before the edit hold, no head after it does, and the place is right."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as some
from msgspec import Struct

from exam.audio import AudioFormat
from station import links
from station.chain import links_of
from station.verify.chains import Evidence, check
from station.verify.claims import Claim, unconfirmed

SHAPE = AudioFormat(3, 1)
TEN = 30
FILE = Path("11.02.2026_265_701020_поток_01.wav")


class Sound(Struct, frozen=True):
    """A stream in memory."""

    content: bytes
    path: Path = FILE
    shape: AudioFormat = SHAPE

    @property
    def frames(self) -> int:
        return len(self.content) // 2

    def read(self, first_frame: int, frames: int) -> bytes:
        return self.content[2 * first_frame : 2 * (first_frame + frames)]


def frames(least: int, most: int) -> some.SearchStrategy[bytes]:
    return some.binary(min_size=2 * least, max_size=2 * most).map(lambda sound: sound[: len(sound) // 2 * 2])


@some.composite
def edited(draw: some.DrawFn) -> tuple[bytes, bytes]:
    """A stream and the same with some of its frames replaced by others, fewer or more."""
    sound = draw(frames(0, 150))
    first = draw(some.integers(0, len(sound) // 2))
    end = draw(some.integers(first, len(sound) // 2))
    return sound, sound[: 2 * first] + draw(frames(0, 70)) + sound[2 * end :]


def evidence(sound: bytes, written: tuple[links.Link, ...] | None) -> Evidence:
    return Evidence(FILE.name, SHAPE, tuple(links_of(Sound(sound))), written, b"", (), None, has_ended=True)


def first_difference(a: bytes, b: bytes) -> int:
    same = next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return same // 2


@settings(max_examples=400)
@given(edited(), some.integers(1, 4), some.booleans())
def test_heads_on_paper_expose_and_locate_every_edit(sounds: tuple[bytes, bytes], every: int, forged: bool) -> None:
    before, after = sounds
    honest = links_of(Sound(before))
    printed = [link for number, link in enumerate(honest, start=1) if number % every == 0 or link is honest[-1]]
    claims = [Claim(link.head[:20], FILE.name, link.frames) for link in printed]
    now = evidence(after, None)
    now = evidence(after, now.heard if forged else tuple(honest))
    outcome = unconfirmed(claims, [now])
    if before == after:
        assert (outcome.confirmed, outcome.breaches) == (len(claims), ())
        return
    at = first_difference(before, after)
    kept = [link for link in printed if link is not honest[-1] and link.frames <= at]
    assert outcome.confirmed == len(kept)
    assert outcome.breaches
    breach = outcome.breaches[0]
    assert breach.first_frame is not None
    assert breach.end_frame is not None
    if forged:
        assert breach.first_frame == max((link.frames for link in kept), default=0)
    else:
        assert breach.first_frame == at // TEN * TEN, "to the block"
    assert breach.first_frame <= at <= breach.end_frame


@settings(max_examples=200)
@given(edited())
def test_without_paper_the_chain_file_locates_every_edit(sounds: tuple[bytes, bytes]) -> None:
    before, after = sounds
    found = list(check(evidence(after, tuple(links_of(Sound(before))))))
    assert bool(found) == (before != after)
    if found:
        assert found[0].first_frame == first_difference(before, after) // TEN * TEN


@settings(max_examples=100)
@given(frames(0, 150), some.binary(max_size=40), some.data())
def test_no_chain_file_however_spoilt_is_taken_for_sound(sound: bytes, junk: bytes, data: some.DataObject) -> None:
    honest = links_of(Sound(sound))
    content = b"".join(links.written(link) for link in honest)
    first = data.draw(some.integers(0, len(content)))
    end = data.draw(some.integers(first, len(content)))
    spoilt = content[:first] + junk + content[end:]
    known, taken = links.read(spoilt)
    part = Evidence(FILE.name, SHAPE, tuple(honest), tuple(known), spoilt[taken:], (), None, has_ended=True)
    assert bool(list(check(part))) == (spoilt != content)
