"""Names and moments: every spelling arrives byte for byte, and nothing that is still being written is sent."""

import signal
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from school import DAY, School, Target, noise, sha256, wait_for
from wire import wire_to

MB = 1_000_000
STEM = "11.02.2026_265_701020_"
PIECES = 8


@contextmanager
def watching(school: School) -> Iterator[None]:
    """The agent at work, until the end of the block; it ends when told, without a fault."""
    agent = school.start("run")
    try:
        yield
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(30) == 0
    finally:
        agent.kill()
        agent.communicate()


def names_there(target: Target) -> dict[bytes, str]:
    """The names of the day at the exchange, as bytes, with the SHA-256 of what they name."""
    day = target.folder / "schools" / "701020" / DAY
    return {path.name.encode(): sha256(path.read_bytes()) for path in day.iterdir()}


def all_delivered(school: School, count: int) -> bool:
    states = list(school.states().values())
    return len(states) == count and set(states) == {"delivered"}


def test_both_spellings_of_a_name_and_the_longest_names_arrive(school: School, our_exchange: Target) -> None:
    labels = [
        unicodedata.normalize("NFC", "Йёлкина Ё"),
        unicodedata.normalize("NFD", "Йёлкина Ё"),
        "Щ" * (127 - len(STEM) - len(".json")),
        "Ж" * ((255 - len(STEM) - len(".json")) // 2),
    ]
    for seed, label in enumerate(labels):
        school.record(label, noise(5000, seed))
    school.send_to(our_exchange)
    done = school.once()
    assert done.returncode == 0, done.stderr
    here = {path.name.encode(): sha256(path.read_bytes()) for path in school.day.iterdir()}
    assert max(len(name) for name in here) >= 254
    assert len(here) == 2 * len(labels)
    assert names_there(our_exchange) == here


def test_a_file_still_being_copied_waits(school: School, our_exchange: Target, tmp_path: Path) -> None:
    """Its manifest may come first or last; it is sent when it is whole, and nobody is alarmed meanwhile."""
    elsewhere = School(tmp_path / "elsewhere")
    contents = {elsewhere.record("Иванов И", noise(3 * MB)): noise(3 * MB)}
    contents[elsewhere.record("Петров П", noise(2 * MB, 2))] = noise(2 * MB, 2)
    first, last = contents
    school.day.mkdir(parents=True)
    school.send_to(our_exchange)
    seen: set[str] = set()
    with watching(school):
        (school.day / f"{first}.json").write_bytes((elsewhere.day / f"{first}.json").read_bytes())
        for stem, content in contents.items():
            with (school.day / f"{stem}.wav").open("ab", buffering=0) as file:
                for piece in range(PIECES):
                    file.write(content[piece * len(content) // PIECES : (piece + 1) * len(content) // PIECES])
                    seen |= set(school.states().values())
        (school.day / f"{last}.json").write_bytes((elsewhere.day / f"{last}.json").read_bytes())
        wait_for(lambda: all_delivered(school, 4))
    assert "seen" in seen
    assert not seen & {"changed", "quarantined", "needs_human"}, seen
    stored = our_exchange.stored()
    assert all(stored[sha256(content)] == 1 for content in contents.values())


def test_a_file_changed_while_it_is_sent_arrives_as_it_became_or_not_at_all(
    school: School, our_exchange: Target
) -> None:
    before, after = noise(40 * MB), noise(40 * MB, 2)
    stem = school.record("Иванов И", before)
    manifest = (school.day / f"{stem}.json").read_bytes()
    with wire_to(our_exchange.port) as wire:
        wire.rate = 10 * MB
        school.send_to(our_exchange, url=f"http://127.0.0.1:{wire.port}/files")
        with watching(school):
            wait_for(lambda: wire.sent > 4 * MB)
            with (school.day / f"{stem}.wav").open("r+b") as file:
                file.write(after)
            wire.rate = None
            wait_for(lambda: school.states()[f"{stem}.wav"] == "changed")
        assert not our_exchange.stored().keys() & {sha256(before), sha256(after)}
        assert not (our_exchange.folder / "schools").exists() or not names_there(our_exchange)
        # What it became is described anew: that goes, whole.
        described = manifest.replace(sha256(before).encode(), sha256(after).encode())
        (school.day / f"{stem}.json").write_bytes(described)
        assert school.once().returncode == 0
    assert names_there(our_exchange) == {
        f"{stem}.wav".encode(): sha256(after),
        f"{stem}.json".encode(): sha256(described),
    }
