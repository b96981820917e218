"""Invariant 6, the stream's hash chain: audio, chain file, journal and manifest must tell of the same sound.

`gather` reads the folder; what follows from it is pure. Where they disagree the trouble is located to the block.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from exam import manifest, names
from exam.audio import AudioFormat
from exam.errors import Rejected
from exam.language import say
from exam.manifest import Manifest
from exam.names import Kind
from station import chain, links
from station.journal import Entry
from station.links import Link
from station.session.events import ChainHead, StreamEnded
from station.tape import SUFFIX, TapeReader
from station.verify.report import Breach, clock


class Evidence(Struct, frozen=True):
    """All there is about one stream part.

    `heard`: links recomputed from the audio, the last one as if it ended here. `written`: those of the chain file,
    None without one; `rest`: what follows them there. `journaled`: heads by frame. `has_ended`: the journal or a
    manifest says so, so that nothing may be missing.
    """

    file: str
    shape: AudioFormat
    heard: tuple[Link, ...]
    written: tuple[Link, ...] | None
    rest: bytes
    journaled: tuple[tuple[int, str], ...]
    stated: manifest.Chain | None
    has_ended: bool


class Stretch(Struct, frozen=True):
    """Frames of a stream part that are not what they were."""

    first_frame: int
    end_frame: int


def gather(folder: Path, entries: Sequence[Entry], manifests: Mapping[str, Manifest]) -> list[Evidence]:
    """The stream parts of a folder, in order. A part that cannot be read is named elsewhere and left out here."""
    found = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        if _is_stream(path):
            # The chain file first: the audio of a part still growing is then never behind it.
            written, rest = _written(chain.path_of(path))
            try:
                found.append(_evidence(path, written, entries, manifests, rest))
            except (OSError, Rejected):
                continue
    return found


def check(part: Evidence) -> Iterator[Breach]:
    """Where one part's chain file, journal and manifest contradict its audio or each other."""
    known = part.written or ()
    if links.sound(links.origin(part.file, part.shape), known, part.shape) < len(known) or _is_written_on(part):
        text = say("файл цепочки изменён: строки не следуют одна из другой", "the chain file was altered")
        yield Breach(6, _chain_file(part), text)
    elif part.has_ended and part.heard[-1].frames and not links.has_ended(known, part.shape):
        text = say("цепочка неполна или пропала", "the chain is incomplete or missing")
        yield Breach(6, _chain_file(part), text)
    changed = list(differing(part, known, to_the_end=part.has_ended and bool(known)))
    denied = _denied_by_journal(part)
    if changed and part.journaled and denied is None:
        text = say("файл цепочки изменён: звук совпадает с журналом", "the chain file was altered: the audio is sound")
        yield Breach(6, _chain_file(part), text)
    else:
        for stretch in changed or ([denied] if denied else []):
            text = say("звук не тот, что при записи: ", "not the sound that was recorded: ") + where(part, stretch)
            yield Breach(6, part.file, text, stretch.first_frame, stretch.end_frame)
    if part.stated and part.stated != manifest.Chain(links.BLOCK_S, len(part.heard), part.heard[-1].head):
        text = say("цепочка не та, что в описании", "the chain is not the manifest's")
        yield Breach(6, part.file.removesuffix(SUFFIX) + manifest.SUFFIX, text)


def differing(part: Evidence, known: Sequence[Link], *, to_the_end: bool) -> Iterator[Stretch]:
    """Stretches whose blocks are not those of `known`; what is missing, and with `to_the_end` what was added, too."""
    whole = links.block_frames(part.shape)
    first: int | None = None
    count = max(len(known), len(part.heard)) if to_the_end else len(known)
    for number in range(count):
        same = [chain[number] for chain in (known, part.heard) if number < len(chain)]
        if len(same) == 2 and (same[0].frames, same[0].block) == (same[1].frames, same[1].block):  # noqa: PLR2004
            if first is not None:
                yield Stretch(first, number * whole)
            first = None
        elif first is None:
            first = number * whole
    if first is not None:
        ends = [chain[count - 1].frames for chain in (known, part.heard) if count <= len(chain)]
        yield Stretch(first, max(ends))


def where(part: Evidence, stretch: Stretch) -> str:
    """A stretch in words, as a player's clock and in frames."""
    begin, end = clock(stretch.first_frame, part.shape), clock(stretch.end_frame, part.shape)
    frames = f"{stretch.first_frame}–{stretch.end_frame}"
    return say(f"{begin}–{end}, отсчёты {frames}", f"{begin}–{end}, frames {frames}")


def _denied_by_journal(part: Evidence) -> Stretch | None:
    """From the last head of the journal that the audio still gives to the first that it does not."""
    heads = {(link.frames, link.head) for link in part.heard}
    confirmed = 0
    for frame, head in part.journaled:
        if (frame, head) not in heads:
            return Stretch(confirmed, max(frame, confirmed))
        confirmed = frame
    return None


def _is_stream(path: Path) -> bool:
    try:
        return names.parse(path.name.removesuffix(SUFFIX)).kind is Kind.STREAM
    except Rejected:
        return False


def _is_written_on(part: Evidence) -> bool:
    """Whether more stands behind the links than the line a crash tore."""
    return bool(part.rest) and (part.has_ended or not links.is_torn(part.rest))


def _written(path: Path) -> tuple[tuple[Link, ...] | None, bytes]:
    """The chain file's links, and what follows them; None and nothing without a file."""
    try:
        content = path.read_bytes()
    except OSError:
        return None, b""
    known, taken = links.read(content)
    return tuple(known), content[taken:]


def _evidence(
    path: Path,
    written: tuple[Link, ...] | None,
    entries: Iterable[Entry],
    manifests: Mapping[str, Manifest],
    rest: bytes,
) -> Evidence:
    with TapeReader(path) as audio:
        heard = tuple(chain.links_of(audio))
        shape = audio.shape
    told = [entry.event for entry in entries if entry.event.stream == path.name]
    heads = [event for event in told if isinstance(event, ChainHead | StreamEnded)]
    recording = manifests.get(path.name.removesuffix(SUFFIX))
    stated = recording.chain if recording else None
    ended = any(isinstance(event, StreamEnded) and event.head for event in told)
    journaled = tuple((event.frame, event.head) for event in heads if event.head)
    return Evidence(path.name, shape, heard, written, rest, journaled, stated, ended or stated is not None)


def _chain_file(part: Evidence) -> str:
    return chain.path_of(Path(part.file)).name
