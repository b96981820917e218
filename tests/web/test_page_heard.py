"""A real room's page: levels as they are heard, a take that is listened to, from its own file and from the stream."""

import hashlib
import json
import time
from pathlib import Path

import pytest
from rig.marker import marker
from rig.visitor import Visitor, await_message
from rooms import RATE, Room, room

from exam import manifest

pytestmark = pytest.mark.real


def recorded(here: Room, seconds: float) -> Visitor:
    """A take of that length, with a mark, stopped; and who looks at it."""
    page = here.visitor()
    here.server.play(marker(seconds + 30, seed=5), here.microphone)
    page.order("open")
    page.order("start", participant=1, variant="1")
    here.await_frames(round(seconds / 2 * RATE))
    page.order("mark")
    here.await_frames(round(seconds * RATE))
    page.order("stop")
    return page


@pytest.mark.parametrize("recording", ["both", pytest.param("stream", marks=pytest.mark.slow)])
def test_a_take_is_heard_as_the_file_it_is_or_would_be(tmp_path: Path, recording: str) -> None:
    with room(tmp_path, page=True, recording=recording) as here:
        page = recorded(here, 4)
        stem, stream = here.status()["take"], here.status()["stream"]["file"]
        whole = page.get(f"/audio/{stem}.wav")
        assert (whole.status_code, whole.headers["content-type"]) == (200, "audio/wav")
        assert len(whole.content) == int(whole.headers["content-length"])
        part = page.get(f"/audio/{stem}.wav", headers={"Range": "bytes=70-100001"})
        assert part.status_code == 206
        assert part.headers["content-range"] == f"bytes 70-100001/{len(whole.content)}"
        assert part.content == whole.content[70:100002]
        seen = page.get(f"/api/waveform/{stem}").json()
        assert seen["seconds"] == pytest.approx((len(whole.content) - 80) / 2 / RATE, abs=0.01)
        assert [mark["task"] for mark in seen["marks"]] == [1]
        assert page.post("/api/listening", {"stem": stem, "ranges": [[0, 2], [1, 3.5]]}).json() == {"seconds": 3.5}
        told = page.post("/api/heard", {"opinion": "well", "stem": stem}).json()["status"]
        assert (told["in_hand"]["opinion"], told["in_hand"]["listened"]) == ("well", 3.5)
        here.do("close")
        events = [json.loads(line) for line in (here.folder / "journal.jsonl").read_text().splitlines()]
        sha256 = hashlib.sha256(whole.content).hexdigest()
        assert [event["sha256"] for event in events if event["type"] == "heard"] == [sha256]
        if recording == "stream":
            assert whole.content[80:] in (here.folder / stream).read_bytes()
        else:
            published = here.folder / (stem + manifest.SUFFIX)
            here.await_(published.exists)
            told = json.loads(published.read_text())
            assert (told["sha256"], told["listened"]) == (sha256, 3.5)
        assert page.get(f"/audio/{stem}.wav").content == whole.content


def test_levels_come_as_they_are_heard(tmp_path: Path) -> None:
    with room(tmp_path, page=True) as here:
        page = here.visitor()
        here.server.play(marker(20, seed=5), here.microphone)
        page.order("open")
        here.await_frames(RATE)
        with page.live(visible=True) as live:
            cells = []
            began = time.monotonic()
            while time.monotonic() - began < 2:
                cells += await_message(live, lambda told: "levels" in told, 3)["levels"]["cells"]
            assert 24 * 1.6 <= len(cells) <= 24 * 2.5
            assert all(-30 < rms < -22 for ((rms, _),) in cells[-24:])
            live.send('{"visible": false}')


def test_a_key_held_for_three_seconds_stops_and_says_how_far_it_is(tmp_path: Path) -> None:
    with room(tmp_path, page=True) as here:
        page = here.visitor()
        page.order("open")
        page.order("start", participant=1, variant="1")
        with page.live() as live:
            here.await_frames(2 * RATE)  # right after a start a press is an accident
            live.send('{"key": "down"}')
            holding = await_message(live, lambda told: bool(told.get("holding")), 5)["holding"]
            began = time.monotonic()
            assert (holding["button"], holding["needs_ms"]) == ("main", 3000)
            assert 400 < holding["since_ms"] < 1000
            await_message(live, lambda told: (told.get("status") or {}).get("state") == "review", 5)
            assert 2.0 < time.monotonic() - began < 3.5
            live.send('{"key": "up"}')
