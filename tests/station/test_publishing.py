"""From tapes to manifests: what a draft tells, what is published, and what a second try finds."""

import errno
import queue
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from days import IVANOV, MORNING, PETROVA, RATE, SHAPE, STREAM, audio_of, rules_for, sound
from presses import Presses

from exam import manifest
from exam.audio import FrameSpan, Gap, Mark
from exam.fixity import sha256_of
from exam.names import Kind
from station import publishing
from station.config import DeliveryFormat
from station.messages import Published, PublishingFailed
from station.publishing import FRAGMENTS, Draft, Publisher, draft_of_part, draft_of_take
from station.session import Day, StreamPart, Take
from station.session import commands as ask
from station.session import events as happened
from station.session.day import Place
from station.tape import Tape

RULES = rules_for()
ONE, TWO = f"{STREAM}.wav", f"{STREAM[:-2]}02.wav"
FRAMES = 4 * RATE


def take(stem: str = IVANOV, *spans: FrameSpan, **told: object) -> Take:
    fields = {"tape": stem, "participant": 1, "number": 1, "variant": "7", "started_at": MORNING}
    fields |= {"ended_at": MORNING + timedelta(seconds=3), "decision": "accepted"}
    return Take(stem=stem, spans=spans or (FrameSpan(ONE, 100, 1000),), **(fields | told))  # type: ignore[arg-type]


def tape(path: Path, first_frame: int = 0, frames: int = FRAMES) -> Path:
    written = Tape(path, SHAPE)
    written.append(sound(first_frame, frames))
    written.close()
    return path


def publish(folder: Path, *drafts: Draft, delivery: DeliveryFormat = "wav") -> list[Published | PublishingFailed]:
    """What a publisher reports of these drafts, one after another."""
    reports: list[Published | PublishingFailed] = []
    all_done = threading.Event()

    def report(one: Published | PublishingFailed) -> None:
        reports.append(one)
        if len(reports) == len(drafts):
            all_done.set()

    publisher = Publisher(folder, delivery, report)
    publisher.start()
    for draft in drafts:
        publisher.submit(draft)
    assert all_done.wait(30)
    publisher.stop()
    return reports


def draft(day_take: Take, *parts: StreamPart) -> Draft:
    return draft_of_take(Day(parts=parts, takes={day_take.stem: day_take}), day_take, RULES, "701020-265")


def listing(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}


# -- drafts ----------------------------------------------------------------------------------------------------


def test_a_draft_maps_gaps_and_marks_into_the_takes_own_frames() -> None:
    parts = (
        StreamPart(ONE, MORNING, 10_000, MORNING, (Gap(50, 100, "dropped"), Gap(1050, 950, "device_lost"))),
        StreamPart(TWO, MORNING, None, None, (Gap(0, 10, "outage"), Gap(500, 5, "dropped"))),
    )
    spans = (FrameSpan(ONE, 100, 1000), FrameSpan(ONE, 1900, 0), FrameSpan(ONE, 1900, 200), FrameSpan(TWO, 0, 400))
    marks = tuple((task, Place(*at)) for task, at in enumerate([(ONE, 90), (ONE, 150), (ONE, 1500), (TWO, 20)], 1))
    told = draft(take(IVANOV, *spans, marks=marks, flags=("ended_by_close",), listened="declined"), *parts).manifest
    assert told.spans == (spans[0], *spans[2:])
    assert told.gaps == (
        Gap(0, 50, "dropped"),
        Gap(950, 50, "device_lost"),
        Gap(1000, 100, "device_lost"),
        Gap(1200, 10, "outage"),
    )
    assert told.marks == (Mark(1, 0), Mark(2, 50), Mark(3, 1000), Mark(4, 1220))
    assert (told.kind, told.take, told.variant, told.outcome) == (Kind.PARTICIPANT, 1, "7", "accepted")
    assert (told.started_at, told.ended_at) == (MORNING, MORNING + timedelta(seconds=3))
    assert (told.flags, told.listened, told.station) == (("ended_by_close",), "declined", "701020-265")
    assert told.participant is not None
    assert (told.participant.surname, told.participant.patronymic) == ("Иванов", "Иванович")


def test_a_draft_of_a_stream_part_tells_its_gaps() -> None:
    part = StreamPart(ONE, MORNING, 10_000, MORNING + timedelta(seconds=9), (Gap(50, 100, "dropped"),))
    told = draft_of_part(part, RULES, "s").manifest
    assert (told.kind, told.stem, told.gaps, told.participant) == (Kind.STREAM, STREAM, part.gaps, None)
    assert (told.started_at, told.ended_at) == (MORNING, MORNING + timedelta(seconds=9))


def test_a_reassigned_take_is_drafted_under_its_new_name_from_its_old_tape() -> None:
    presses = Presses(ask.Open(), ask.Start(participant=1), ask.Stop(), ask.Accept())
    presses.press(ask.Reassign(take=IVANOV, to=2, reason="r"))
    made = draft_of_take(presses.day, presses.day.takes[PETROVA], presses.rules, "s")
    assert (made.tape, made.manifest.stem, made.manifest.replaces) == (IVANOV, PETROVA, IVANOV)
    assert made.manifest.participant is not None
    assert made.manifest.participant.number == 2


# -- publishing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delivery", ["wav", "mp3", "flac"])
def test_a_recording_is_measured_encoded_and_published(tmp_path: Path, delivery: DeliveryFormat) -> None:
    master = tape(tmp_path / f"{IVANOV}.wav", 100, 1000)
    (report,) = publish(tmp_path, draft(take()), delivery=delivery)
    assert report == Published(IVANOV, sha256_of(master), sha256_of(tmp_path / f"{IVANOV}.json"))
    told = manifest.load(tmp_path / f"{IVANOV}.json")
    assert (told.audio.frames, told.audio.sample_rate, told.audio.channels) == (1000, RATE, 1)
    assert (told.size, told.sha256) == (master.stat().st_size, sha256_of(master))
    copies = [(copy.file, copy.size, copy.sha256) for copy in told.deliveries]
    path = tmp_path / f"{IVANOV}.{delivery}"
    assert copies == ([] if delivery == "wav" else [(path.name, path.stat().st_size, sha256_of(path))])


def test_a_reassigned_take_gets_a_file_of_its_own_with_the_same_sound(tmp_path: Path) -> None:
    tape(tmp_path / f"{IVANOV}.wav", 100, 1000)
    moved = take(PETROVA, tape=IVANOV, participant=2, replaces=IVANOV)
    assert publish(tmp_path, draft(take()), draft(moved)) == [
        Published(stem, sha256_of(tmp_path / f"{IVANOV}.wav"), sha256_of(tmp_path / f"{stem}.json"))
        for stem in (IVANOV, PETROVA)
    ]
    assert audio_of(tmp_path / f"{PETROVA}.wav") == sound(100, 1000)
    assert manifest.load(tmp_path / f"{PETROVA}.json").replaces == IVANOV


def test_a_reassigned_take_is_copied_where_links_are_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("no hard links")

    tape(tmp_path / f"{IVANOV}.wav", 100, 1000)
    monkeypatch.setattr(publishing.os, "link", refuse)
    (report,) = publish(tmp_path, draft(take(PETROVA, tape=IVANOV, participant=2)))
    assert isinstance(report, Published)
    assert audio_of(tmp_path / f"{PETROVA}.wav") == sound(100, 1000)


def test_a_take_without_a_tape_is_cut_from_both_stream_parts(tmp_path: Path) -> None:
    tape(tmp_path / ONE)
    tape(tmp_path / TWO, 90_000)
    spans = FrameSpan(ONE, 31_000, 1000), FrameSpan(TWO, 0, 500), FrameSpan(TWO, 700, 300)
    (report,) = publish(tmp_path, draft(take(IVANOV, *spans)))
    assert isinstance(report, Published)
    whole = sound(31_000, 1000) + sound(90_000, 500) + sound(90_700, 300)
    assert audio_of(tmp_path / f"{IVANOV}.wav") == whole


def test_a_take_whose_stream_is_gone_fails_leaves_nothing_and_holds_up_nobody(tmp_path: Path) -> None:
    tape(tmp_path / f"{PETROVA}.wav", 0, 1000)
    failed, done = publish(tmp_path, draft(take()), draft(take(PETROVA, participant=2)))
    assert isinstance(failed, PublishingFailed)
    assert isinstance(done, Published)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{PETROVA}.json", f"{PETROVA}.wav"]


@pytest.mark.parametrize("frames", [999, 1001])
def test_a_file_of_another_length_than_its_spans_is_not_published(tmp_path: Path, frames: int) -> None:
    """Without the stream there is nothing to cut it from: it stays where it is."""
    tape(tmp_path / f"{IVANOV}.wav", 100, frames)
    before = listing(tmp_path)
    (report,) = publish(tmp_path, draft(take()))
    assert isinstance(report, PublishingFailed)
    assert listing(tmp_path) == before


@pytest.mark.parametrize("frames", [999, 1001])
def test_a_torn_tape_is_kept_aside_and_the_take_cut_from_the_stream(tmp_path: Path, frames: int) -> None:
    span = take().spans[0]
    tape(tmp_path / span.stream, 0, span.end)
    tape(tmp_path / f"{IVANOV}.wav", 100, frames)
    torn = (tmp_path / f"{IVANOV}.wav").read_bytes()
    (report,) = publish(tmp_path, draft(take()))
    assert isinstance(report, Published), report
    assert (tmp_path / FRAGMENTS / f"{IVANOV}.wav").read_bytes() == torn
    assert audio_of(tmp_path / f"{IVANOV}.wav") == audio_of(tmp_path / span.stream)[2 * span.first_frame : 2 * span.end]


# -- a second try ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delivery", ["mp3", "flac"])
def test_a_crash_between_copy_and_manifest_is_made_good(tmp_path: Path, delivery: DeliveryFormat) -> None:
    tape(tmp_path / f"{IVANOV}.wav", 100, 1000)
    publish(tmp_path, draft(take()), delivery=delivery)
    first = (tmp_path / f"{IVANOV}.json").read_bytes()
    (tmp_path / f"{IVANOV}.json").unlink()
    before = listing(tmp_path)
    (report,) = publish(tmp_path, draft(take()), delivery=delivery)
    assert isinstance(report, Published)
    after = listing(tmp_path)
    assert after.pop(f"{IVANOV}.json")[2] == first
    assert after == before, "the copy is taken as it is"


def test_a_copy_that_is_not_the_same_is_left_alone_and_the_master_delivered(tmp_path: Path) -> None:
    tape(tmp_path / f"{IVANOV}.wav", 100, 1000)
    (tmp_path / f"{IVANOV}.mp3").write_bytes(b"of an earlier encoder")
    (report,) = publish(tmp_path, draft(take()), delivery="mp3")
    assert isinstance(report, Published)
    assert manifest.load(tmp_path / f"{IVANOV}.json").deliveries == ()
    assert (tmp_path / f"{IVANOV}.mp3").read_bytes() == b"of an earlier encoder"
    assert len(listing(tmp_path)) == 3, "no unfinished file is left"


def test_a_manifest_left_by_an_earlier_try_is_taken_as_it_is(tmp_path: Path) -> None:
    tape(tmp_path / f"{IVANOV}.wav", 100, 1000)
    first = publish(tmp_path, draft(take()))
    before = listing(tmp_path)
    assert publish(tmp_path, draft(take()), delivery="mp3") == first
    assert listing(tmp_path) == before


def test_a_failing_encoder_is_reported_and_the_next_try_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tape(tmp_path / f"{IVANOV}.wav", 100, 1000)
    with monkeypatch.context() as patched:
        patched.setattr(publishing.sys, "executable", "/bin/false")
        (report,) = publish(tmp_path, draft(take()), delivery="mp3")
        assert isinstance(report, PublishingFailed)
    (report,) = publish(tmp_path, draft(take()), delivery="mp3")
    assert isinstance(report, Published)


def test_stopping_amid_an_encoding_leaves_only_the_master(tmp_path: Path) -> None:
    tape(tmp_path / f"{IVANOV}.wav", 0, 1000)
    long = Tape(tmp_path / f"{PETROVA}.wav", SHAPE)
    for minute in range(60):
        long.append(sound(minute, 60 * RATE))
    long.close()
    reports: queue.SimpleQueue[Published | PublishingFailed] = queue.SimpleQueue()
    publisher = Publisher(tmp_path, "mp3", reports.put)
    publisher.submit(draft(take(IVANOV, FrameSpan(ONE, 0, 1000))))
    publisher.submit(draft(take(PETROVA, FrameSpan(ONE, 0, long.frames), participant=2)))
    publisher.start()
    assert isinstance(reports.get(timeout=30), Published)
    publisher.stop()
    assert reports.empty()
    assert [path.name for path in tmp_path.glob(f"{PETROVA}*")] == [f"{PETROVA}.wav"]
    assert list(tmp_path.glob(".part-*")) == []


def test_a_publisher_that_was_never_started_stops(tmp_path: Path) -> None:
    Publisher(tmp_path, "wav", lambda _: None).stop()


@pytest.mark.parametrize(("code", "outcome"), [(errno.ENOSPC, PublishingFailed), (errno.EIO, Published)])
def test_a_part_waits_for_room_for_its_chain_and_for_nothing_else_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, outcome: type
) -> None:
    tape(tmp_path / ONE)
    refused = OSError(code, "refused")

    def refuse(_stream: Path) -> str:
        raise refused

    monkeypatch.setattr("station.chain.complete", refuse)
    (report,) = publish(tmp_path, draft_of_part(StreamPart(ONE, MORNING, FRAMES, MORNING), RULES, "s"))
    assert isinstance(report, outcome)
    assert (tmp_path / f"{STREAM}.json").exists() == (outcome is Published)


def test_an_empty_stream_part_and_take_are_not_due() -> None:
    presses = Presses(ask.Open(), ask.Start(participant=1))
    presses.apply([happened.TakeStopped(stream=ONE, frame=0, ending="crash")])
    presses.apply([happened.TakeDecided(stem=IVANOV, decision="interrupted")])
    presses.end_part(0)
    assert presses.day.unpublished() == ()
