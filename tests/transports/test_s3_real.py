"""What only an S3 does: parts, names given conditionally, clocks. Against SeaweedFS, started once for all of these."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import far_s3
import pytest
from far_s3 import PREFIX, Storage
from rig.seaweed import BUCKET, KEY, SECRET
from school import School, noise, sha256, wait_for
from wire import wire_to

from exam.errors import Fatal, Rejected, Transient
from sync.model import Receipt
from sync.plan import Item
from sync.source import Source
from sync.transports import Begun, Lost, s3, signing
from sync.transports.bucket import SMALLEST_PART, Bucket
from sync.transports.readback import unheard
from sync.transports.s3 import Objects

pytestmark = pytest.mark.xdist_group("seaweed")  # one server for all
MB = 1_000_000
SMALL, LARGE = 100_000, 2 * SMALLEST_PART + 1000  # one PUT; three parts, the last one short


@pytest.fixture(scope="module")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    with far_s3.storage(tmp_path_factory.mktemp("s3")) as far:
        yield far


class File:
    """A file, and it as an item, in a folder of its own at the far end too."""

    def __init__(self, folder: Path, size: int) -> None:
        self.content = noise(size, size)
        self.path = folder / "Иванов И.wav"
        self.path.write_bytes(self.content)
        self.item = Item(f"{folder.name}/{self.path.name}", "participant", sha256(self.content), size)

    def send(self, transport: Objects, begun: Begun) -> None:
        with Source(self.path, self.item.size, self.item.sha256) as source:
            transport.send(begun.upload, source, begun.offset, unheard)

    def deliver(self, transport: Objects) -> Begun:
        begun = transport.create(self.item)
        self.send(transport, begun)
        assert isinstance(transport.prove(begun.upload, self.item, unheard), Receipt)
        return begun


@pytest.fixture
def small(tmp_path: Path) -> File:
    return File(tmp_path, SMALL)


@pytest.fixture
def large(tmp_path: Path) -> File:
    return File(tmp_path, LARGE)


@pytest.fixture(params=[SMALL, LARGE], ids=["small", "large"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> File:
    return File(tmp_path, request.param)


def part_of(source: Source, first: int) -> memoryview:
    return memoryview(b"".join(bytes(block) for block in source.blocks(first, min(first + SMALLEST_PART, LARGE))))


def lying(seaweed: Storage, file: File) -> dict[str, bytes]:
    """What lies in the file's folder there, by name."""
    folder = file.item.path.rpartition("/")[0] + "/"
    return {path.removeprefix(folder): content for path, content in seaweed.stored().items() if path.startswith(folder)}


def test_whole_parts_outlive_a_break_and_the_process(seaweed: Storage, large: File) -> None:
    with wire_to(seaweed.port) as wire:
        broken = seaweed.transport(wire.port)
        broken._bucket.parts_a_page = 1
        begun = broken.create(large.item)
        wire.cut_after, wire.cuts = SMALLEST_PART + 3 * MB, 1
        with pytest.raises(Transient):
            large.send(broken, begun)
        transport = seaweed.transport(wire.port)
        transport._bucket.parts_a_page = 1
        assert transport.offset(begun.upload, large.item) == SMALLEST_PART
        sent = wire.sent
        large.send(transport, Begun(begun.upload, SMALLEST_PART))
        assert wire.sent - sent < LARGE - SMALLEST_PART + 10_000
        assert not lying(seaweed, large)
        assert transport.offset(begun.upload, large.item) == LARGE
        assert isinstance(transport.prove(begun.upload, large.item, unheard), Receipt)
        assert transport.offset(begun.upload, large.item) == LARGE
    assert lying(seaweed, large) == {large.path.name: large.content}


@pytest.mark.slow
def test_a_name_taken_while_the_file_was_under_way_stays_as_it_is(seaweed: Storage, file: File) -> None:
    transport = seaweed.transport()
    begun = transport.create(file.item)
    foreign = noise(file.item.size, 9)
    seaweed.put(file.item.path, foreign)
    file.send(transport, begun)
    assert transport.prove(begun.upload, file.item, unheard) == Lost()
    transport.discard(begun.upload)
    file.deliver(transport)
    there = lying(seaweed, file)
    assert there[file.path.name] == foreign
    assert sorted(there.values()) == sorted([foreign, file.content])
    assert seaweed.server.uploads() == 0


@pytest.mark.slow
def test_a_name_taken_meanwhile_by_the_same_content_is_ours(seaweed: Storage, file: File) -> None:
    """Two lives of one agent, the first one's reply lost."""
    transport = seaweed.transport()
    begun = transport.create(file.item)
    file.deliver(seaweed.transport())
    file.send(transport, begun)
    assert isinstance(transport.prove(begun.upload, file.item, unheard), Receipt)
    assert lying(seaweed, file) == {file.path.name: file.content}
    assert seaweed.server.uploads() == 0


@pytest.mark.slow
def test_a_wrong_object_under_its_final_name_is_found_and_kept(seaweed: Storage, file: File) -> None:
    transport = seaweed.transport()
    begun = file.deliver(transport)
    wrong = bytes([file.content[0] ^ 1]) + file.content[1:]
    seaweed.put(file.item.path, wrong)
    assert transport.prove(begun.upload, file.item, unheard) == Lost()
    file.deliver(seaweed.transport())
    there = lying(seaweed, file)
    assert there[file.path.name] == wrong
    assert sorted(there.values()) == sorted([wrong, file.content])


@pytest.mark.slow
def test_a_part_that_came_twice_counts_once(seaweed: Storage, large: File) -> None:
    """What a killed agent gave to its connection may arrive after the next one sent it again."""
    transport = seaweed.transport()
    begun = transport.create(large.item)
    with Source(large.path, LARGE, large.item.sha256) as source:
        for _ in range(2):
            transport._send_part(s3._read(begun.upload), 0, part_of(source, 0), unheard)
    assert transport.offset(begun.upload, large.item) == SMALLEST_PART
    large.send(transport, Begun(begun.upload, SMALLEST_PART))
    assert isinstance(transport.prove(begun.upload, large.item, unheard), Receipt)
    assert lying(seaweed, large) == {large.path.name: large.content}


@pytest.mark.slow
@pytest.mark.parametrize("missing", ["the last part", "a part between"])
def test_an_upload_that_is_not_whole_is_never_put_together(seaweed: Storage, large: File, missing: str) -> None:
    transport = seaweed.transport()
    begun = transport.create(large.item)
    sent = [0, SMALLEST_PART] if missing == "the last part" else [0, 2 * SMALLEST_PART]
    with Source(large.path, LARGE, large.item.sha256) as source:
        for first in sent:
            transport._send_part(s3._read(begun.upload), first, part_of(source, first), unheard)
    assert transport.offset(begun.upload, large.item) == (2 if missing == "the last part" else 1) * SMALLEST_PART
    assert transport.prove(begun.upload, large.item, unheard) == Lost()
    transport.discard(begun.upload)
    assert not lying(seaweed, large)
    assert seaweed.server.uploads() == 0


@pytest.mark.slow
def test_a_byte_damaged_on_the_way_is_refused_where_it_happens(seaweed: Storage, large: File) -> None:
    with wire_to(seaweed.port) as wire:
        transport = seaweed.transport(wire.port)
        begun = transport.create(large.item)
        wire.flip_at = wire.sent + SMALLEST_PART + MB
        with pytest.raises(Transient):
            large.send(transport, begun)
        assert wire.flip_at is None
        assert transport.offset(begun.upload, large.item) == SMALLEST_PART
        large.send(transport, Begun(begun.upload, SMALLEST_PART))
        assert isinstance(transport.prove(begun.upload, large.item, unheard), Receipt)


@pytest.mark.slow
def test_reading_back_goes_on_where_it_broke(seaweed: Storage, large: File) -> None:
    transport = seaweed.transport()
    begun = transport.create(large.item)
    large.send(transport, begun)
    reached: list[int] = []

    def break_off(through: int) -> None:
        reached.append(through)
        if through > 4 * MB:
            raise Transient("", "")

    with pytest.raises(Transient):
        transport.prove(begun.upload, large.item, break_off)
    before = reached.copy()
    assert isinstance(transport.prove(begun.upload, large.item, reached.append), Receipt)
    assert reached[len(before)] > before[-1]
    assert reached[-1] == LARGE


@pytest.mark.slow
def test_an_object_exchanged_while_it_is_read_back_is_not_taken_for_ours(seaweed: Storage, large: File) -> None:
    transport = seaweed.transport()
    begun = large.deliver(transport)

    def exchange(through: int) -> None:
        if through > 4 * MB:
            seaweed.put(large.item.path, noise(LARGE, 8)[: 5 * MB] + large.content[5 * MB :])
            raise Transient("", "")

    for moved in (exchange, unheard):
        with pytest.raises(Transient):
            transport.prove(begun.upload, large.item, moved)
    assert transport.prove(begun.upload, large.item, unheard) == Lost()


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_off_by_a_day_stops_nothing(
    seaweed: Storage, file: File, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Wrong":  # type: ignore[override]
            return super().now(tz) + timedelta(days=days)

    monkeypatch.setattr(signing, "datetime", Wrong)
    file.deliver(seaweed.transport())
    begun = Begun(s3._Upload(PREFIX + "/x", "", SMALL).spelled())
    file.send(seaweed.transport(), begun)  # asked with a body at once


@pytest.mark.slow
def test_a_bucket_of_another_name_is_not_made(seaweed: Storage, small: File) -> None:
    bucket = Bucket(f"http://127.0.0.1:{seaweed.port}", "recordngs", KEY, SECRET)
    for _ in range(2):
        with pytest.raises(Fatal) as refused:
            Objects(bucket, "", "address", "hub").create(small.item)
        assert refused.value.code == "no_bucket"


@pytest.mark.slow
def test_wrong_keys_are_told_once_and_not_repeated(seaweed: Storage, small: File) -> None:
    transport = Objects(seaweed.bucket(secret="wrong-secret"), "", "address", "hub")
    with pytest.raises(Fatal) as refused:
        transport.create(small.item)
    assert refused.value.code == "wrong_keys"
    assert "wrong-secret" not in f"{refused.value.ru}{refused.value.en}"


@pytest.mark.slow
def test_an_address_of_another_target_is_refused(seaweed: Storage, small: File) -> None:
    with pytest.raises(Rejected):
        seaweed.transport().offset("/files/17", small.item)


@pytest.mark.slow
def test_a_school_delivers_by_its_configuration_and_survives_kills(seaweed: Storage, tmp_path: Path) -> None:
    school = School(tmp_path / "school")
    contents = [noise(30 * MB, 1), noise(20_000, 2)]
    school.base.mkdir()
    for number, content in enumerate(contents):
        school.record(f"Ivanov {number}", content)
    keys = school.base / "keys"
    keys.write_text(f"{KEY} {SECRET}")
    keys.chmod(0o600)
    with wire_to(seaweed.port) as wire:
        wire.rate = 30 * MB
        target = {"kind": "s3", "url": f"http://127.0.0.1:{wire.port}", "bucket": BUCKET, "credentials_file": "keys"}
        lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in (target | {"prefix": "kills"}).items())
        (school.base / "sync.toml").write_text(f'[school]\ncode = "701020"\n[target]\n{lines}\n')
        for enough in (2 * MB, 9 * MB, 17 * MB, 26 * MB):
            agent = school.start("run")
            wait_for(lambda enough=enough: wire.sent >= enough, 60)  # type: ignore[misc]
            agent.kill()
            assert SECRET not in "".join(agent.communicate())
        done = school.once()
        assert done.returncode == 0, done.stderr
        assert wire.sent < 30 * MB + 4 * (SMALLEST_PART + MB)
    assert set(school.states().values()) == {"delivered"}
    there = list(seaweed.server.below("kills/").values())
    assert all(there.count(content) == 1 for content in contents)
    assert not any(
        SECRET.encode() in path.read_bytes() for path in (school.base / "state").rglob("*") if path.is_file()
    )
