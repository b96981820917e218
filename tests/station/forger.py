"""Whoever has the disk and all the time in the world: edits a day's sound and makes everything in the folder agree.

And the paper they do not have: the heads as they were before.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from days import SHAPE, Entries, audio_of, manifests_in
from msgspec.structs import replace

from exam import roomday
from station import chain
from station.journal import read as read_journal
from station.links import Link
from station.recovery import replay
from station.roomrecord import known_of
from station.session import Take
from station.tape import HEADER_BYTES, TapeReader, header
from station.verify.claims import Claim

Edit = Callable[[bytes], bytes]
"""The frames of a stream part, before and after."""

JOURNAL = "journal.jsonl"


def streams(folder: Path) -> list[Path]:
    return sorted(folder.glob("*_поток_*.wav"))


def paper(folder: Path) -> list[Claim]:
    """A head for every 10 seconds of every part and for its end, as printed: first digits, file and frame."""
    claims = []
    for path in streams(folder):
        with TapeReader(path) as tape:
            claims += [Claim(link.head[:20], path.name, link.frames) for link in chain.links_of(tape)]
    return claims


def bare(claims: list[Claim]) -> list[Claim]:
    """Typed without file and frame."""
    return [Claim(claim.head) for claim in claims]


def edit(path: Path, change: Edit) -> None:
    """Another sound in the same file, with a right header."""
    sound = change(audio_of(path))
    path.write_bytes(header(SHAPE, len(sound)) + sound)


def forge(folder: Path) -> None:
    """Make chain files, journal, takes and manifests tell of the sound that is there now."""
    entries: Entries = [json.loads(line) for line in (folder / JOURNAL).read_text().splitlines()]
    found: dict[str, list[Link]] = {}
    for path in streams(folder):
        sealed_again(path)
        with TapeReader(path) as tape:
            found[path.name] = chain.links_of(tape)
    for entry in entries:
        _forge_heads(entry, found.get(entry["stream"] or "", []))
    _write_journal(folder, entries)
    for take in replay(folder).takes.values():
        _recut(folder, take)
    for path in manifests_in(folder):
        _forge_manifest(path, found)
    for entry in entries:
        if entry["type"] == "published":
            master, told = folder / f"{entry['stem']}.wav", folder / f"{entry['stem']}.json"
            entry.update(sha256=_sha256(master), manifest_sha256=_sha256(told))
    _write_journal(folder, entries)
    _forge_record(folder)


def _forge_record(folder: Path) -> None:
    """The last is made to fit the journal as it is now; the earlier ones are gone."""
    records = sorted(path for path in folder.glob("*.json") if roomday.is_room_day(path.name))
    if not records:
        return
    *earlier, last = records
    for path in earlier:
        path.unlink()
    known, told = known_of(replay(folder)), roomday.load(last)
    forged = replace(
        told, streams=known.streams, takes=known.takes, journal=_sha256(folder / "journal.jsonl"),
        opened_at=known.opened_at, closed_at=known.closed_at, outcomes=known.outcomes,
    )  # fmt: skip
    last.unlink()
    roomday.publish(forged, folder)


def sealed_again(path: Path) -> None:
    """Only the chain file made anew."""
    chain.path_of(path).unlink(missing_ok=True)
    chain.complete(path)


def _forge_heads(entry: dict[str, Any], links: list[Link]) -> None:
    if entry["type"] == "stream_ended":
        entry.update(frame=links[-1].frames, head=links[-1].head)
    elif entry["type"] == "chain_head":
        link = max((link for link in links if link.frames <= entry["frame"]), key=lambda link: link.frames)
        entry.update(frame=link.frames, head=link.head)


def _recut(folder: Path, take: Take) -> None:
    spans = [audio_of(folder / span.stream)[2 * span.first_frame : 2 * span.end] for span in take.spans]
    edit(folder / f"{take.tape}.wav", lambda _: b"".join(spans))


def _forge_manifest(path: Path, found: dict[str, list[Link]]) -> None:
    told = json.loads(path.read_bytes())
    master = path.parent / told["audio"]["file"]
    if told["kind"] == "stream":
        links = found[master.name]
        told["chain"].update(blocks=len(links), head=links[-1].head)
    told["audio"]["frames"] = (master.stat().st_size - HEADER_BYTES) // 2
    told.update(size=master.stat().st_size, sha256=_sha256(master))
    path.write_text(json.dumps(told, ensure_ascii=False))


def _write_journal(folder: Path, entries: Entries) -> None:
    (folder / JOURNAL).write_text("".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries))
    assert len(list(read_journal(folder))) == len(entries)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
