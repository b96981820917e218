"""The agent as a program, against real servers: what arrives is what was recorded, and nothing claims more."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from school import DAY, School, Target, noise, sha256, wait_for
from wire import wire_to

from exam.names import Kind

MB = 1_000_000


def test_our_exchange_proves_every_file(school: School, our_exchange: Target) -> None:
    audio, stream = noise(3 * MB), noise(2 * MB, 2)
    school.record("Иванов И", audio, delivery=b"mp3" * 1000)
    school.record("поток_01", stream, kind=Kind.STREAM)
    school.record("проба_01", noise(1000), kind=Kind.REHEARSAL)
    school.send_to(our_exchange)
    done = school.once()
    assert done.returncode == 0, done.stderr
    status = school.status()
    assert status["package"] == {"complete": True, "missing": []}
    assert {item["path"].removeprefix(f"{DAY}/11.02.2026_265_701020_") for item in status["items"]} == {
        "Иванов И.mp3", "Иванов И.json", "поток_01.wav", "поток_01.json",
    }  # fmt: skip
    receipts = [item["receipt"] for item in status["items"]]
    assert all(receipt["tier"] == "hub" and receipt["signature"] for receipt in receipts)
    assert our_exchange.stored().get(sha256(stream)) == 1
    assert school.run("verify").returncode == 0


def test_streams_stay_home_when_told(school: School, our_exchange: Target) -> None:
    school.record("поток_01", noise(1000), kind=Kind.STREAM)
    school.settings["send"] = "[send]\nstreams = false"
    school.send_to(our_exchange)
    assert school.once().returncode == 0
    assert school.status()["items"] == []


def test_tus_server_is_read_back(school: School, tus_server: Target) -> None:
    """@tus/server reads back files with Latin names; the receipt is then our own, and unsigned."""
    content = noise(MB)
    school.record("Ivanov I", content)
    school.send_to(tus_server)
    assert school.once().returncode == 0
    receipt = school.status()["items"][0]["receipt"]
    assert (receipt["method"], receipt["tier"], receipt["signature"]) == ("read-back", "hub", None)
    assert tus_server.stored()[sha256(content)] == 1


def test_tus_server_that_cannot_read_back_is_not_believed(school: School, tus_server: Target) -> None:
    """It fails to read back Cyrillic names: the bytes are there, but nobody has proved it."""
    content = noise(MB)
    school.record("Иванов И", content)
    school.send_to(tus_server)
    done = school.once()
    assert done.returncode == 1
    assert "neither a receipt nor reading" in done.stderr
    assert set(school.states().values()) == {"uploaded"}
    assert school.status()["package"]["complete"] is False
    assert tus_server.stored()[sha256(content)] == 1


def test_uploadx_gets_checked_chunks_and_is_not_believed(school: School, uploadx_server: Target) -> None:
    content = noise(10 * MB)
    school.record("Иванов И", content)
    school.send_to(uploadx_server)
    assert school.once().returncode == 1
    assert set(school.states().values()) == {"uploaded"}
    assert uploadx_server.stored()[sha256(content)] == 1


def test_uploadx_refuses_a_damaged_chunk_and_gets_it_again(school: School, uploadx_server: Target) -> None:
    content = noise(10 * MB)
    school.record("Иванов И", content)
    with wire_to(uploadx_server.port) as wire:
        wire.flip_at = 6 * MB
        school.send_to(uploadx_server, url=f"http://127.0.0.1:{wire.port}/files")
        school.once()
    assert uploadx_server.stored()[sha256(content)] == 1
    assert set(school.states().values()) == {"uploaded"}


@pytest.mark.parametrize("name", ["tus_server", "uploadx_server", "our_exchange"])
def test_two_recordings_with_the_same_first_megabyte_both_arrive(
    school: School, name: str, request: pytest.FixtureRequest
) -> None:
    target: Target = request.getfixturevalue(name)
    first, second = noise(MB) + b"first", noise(MB) + b"other"
    school.record("Ivanov I", first)
    school.record("Petrov P", second)
    school.send_to(target)
    school.once()
    stored = target.stored()
    assert stored[sha256(first)] == stored[sha256(second)] == 1


def test_two_recordings_of_the_same_content_both_arrive(school: School, our_exchange: Target) -> None:
    school.record("Ivanov I", noise(1000))
    school.record("Petrov P", noise(1000))
    school.send_to(our_exchange)
    assert school.once().returncode == 0
    assert our_exchange.stored()[sha256(noise(1000))] == 2


@pytest.mark.parametrize("name", [pytest.param("tus_server", marks=pytest.mark.slow), "our_exchange"])
def test_a_cut_line_resumes_where_the_server_is(school: School, name: str, request: pytest.FixtureRequest) -> None:
    target: Target = request.getfixturevalue(name)
    content = noise(40 * MB)
    school.record("Ivanov I", content)
    with wire_to(target.port) as wire:
        wire.cut_after, wire.cuts, wire.rate = 10 * MB, 2, 100 * MB
        school.send_to(target, url=f"http://127.0.0.1:{wire.port}/files")
        done = school.once()
        assert done.returncode == 0, done.stderr
        assert wire.cuts == 0
        assert wire.sent < 1.1 * len(content)
    assert target.stored()[sha256(content)] == 1


@pytest.mark.parametrize("name", ["tus_server", "our_exchange"])
def test_a_swallowed_last_answer_is_no_second_file(school: School, name: str, request: pytest.FixtureRequest) -> None:
    target: Target = request.getfixturevalue(name)
    content = noise(5 * MB)
    school.record("Ivanov I", content)
    with wire_to(target.port) as wire:
        wire.swallow_after, wire.swallows = len(content), 1
        school.send_to(target, url=f"http://127.0.0.1:{wire.port}/files")
        assert school.once().returncode == 0
        assert wire.swallows == 0
        assert wire.sent < 1.1 * len(content)
    assert target.stored()[sha256(content)] == 1


@pytest.mark.parametrize("name", ["tus_server", "our_exchange"])
def test_damage_on_the_line_is_never_delivered(school: School, name: str, request: pytest.FixtureRequest) -> None:
    """The far end proves other bytes than ours: the file goes again, and only then is delivered."""
    target: Target = request.getfixturevalue(name)
    content = noise(8 * MB)
    school.record("Ivanov I", content)
    with wire_to(target.port) as wire:
        wire.flip_at = 4 * MB
        school.send_to(target, url=f"http://127.0.0.1:{wire.port}/files")
        done = school.once()
        assert done.returncode == 0, done.stderr
        assert wire.flip_at is None
    assert target.stored()[sha256(content)] == 1


def test_a_wrong_token_stops_with_the_remedy(school: School, our_exchange: Target) -> None:
    school.record("Иванов И", noise(1000))
    our_exchange.token = "not-the-token"
    school.send_to(our_exchange)
    done = school.once()
    assert done.returncode == 1
    assert "token_file" in done.stderr
    assert "not-the-token" not in done.stderr
    assert "hashed" in school.states().values()


def test_an_edited_manifest_quarantines_the_recording_and_nothing_else(school: School, our_exchange: Target) -> None:
    stem = school.record("Иванов И", noise(1000))
    path = school.day / f"{stem}.json"
    path.write_text(path.read_text().replace(sha256(noise(1000)), "0" * 64))
    school.record("Петров П", noise(1000, 2))
    broken = school.day / "11.02.2026_265_701020_Сидоров С.json"
    broken.write_text("{")
    school.send_to(our_exchange)
    done = school.once()
    assert done.returncode == 1
    assert school.states() == {
        f"{stem}.wav": "changed", f"{stem}.json": "hashed", broken.name: "quarantined",
        "11.02.2026_265_701020_Петров П.wav": "delivered", "11.02.2026_265_701020_Петров П.json": "delivered",
    }  # fmt: skip
    assert sha256(noise(1000)) not in our_exchange.stored()
    missing = {one["path"].rpartition("/")[2]: one["reason"] for one in school.status()["package"]["missing"]}
    assert "not what its manifest says" in missing[f"{stem}.wav"]
    assert "is broken" in missing[broken.name]


def test_a_restored_file_leaves_quarantine_by_itself(school: School, our_exchange: Target) -> None:
    stem = school.record("Иванов И", noise(1000))
    (school.day / f"{stem}.wav").write_bytes(noise(1000, 9))
    school.send_to(our_exchange)
    agent = school.start("run")
    try:
        wait_for(lambda: school.states().get(f"{stem}.wav") == "changed")
        (school.day / f"{stem}.wav").write_bytes(noise(1000))
        school.record("Петров П", noise(1000, 2))  # its manifest is the hint to look again
        wait_for(lambda: set(school.states().values()) == {"delivered"})
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(10) == 0
    finally:
        agent.kill()
        agent.communicate()


@pytest.mark.parametrize("asks", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_an_upload_stops_at_once_and_resumes(
    school: School, tus_server: Target, asks: signal.Signals
) -> None:
    content = noise(20 * MB)
    school.record("Ivanov I", content)
    with wire_to(tus_server.port) as wire:
        wire.rate = 4 * MB
        school.send_to(tus_server, url=f"http://127.0.0.1:{wire.port}/files")
        agent = school.start("run")
        try:
            wait_for(lambda: wire.sent > 4 * MB)
            assert school.states()["11.02.2026_265_701020_Ivanov I.wav"] == "uploading"
            assert "already works" in school.once().stderr
            agent.send_signal(asks)
            assert agent.wait(3) == 0
        finally:
            agent.kill()
            agent.communicate()
        wire.rate = None
        assert school.once().returncode == 0
        assert wire.sent < 1.3 * len(content)
    assert tus_server.stored()[sha256(content)] == 1


def test_an_unreachable_server_is_reported_and_nothing_lost(school: School, tmp_path: Path) -> None:
    school.record("Иванов И", noise(1000))
    school.send_to(Target(9, tmp_path))
    done = school.once()
    assert done.returncode == 1
    assert "No connection" in done.stderr
    item = school.status()["items"][1]
    assert (item["state"], item["next_try_at"] is not None) == ("waiting", True)


def test_another_target_needs_another_state_folder(school: School, tus_server: Target, uploadx_server: Target) -> None:
    school.record("Ivanov I", noise(1000))
    school.send_to(tus_server)
    assert school.once().returncode == 0
    school.send_to(uploadx_server)
    done = school.once()
    assert done.returncode == 2
    assert "[state] folder" in done.stderr


def test_the_exchange_may_move_because_its_key_vouches_for_it(school: School, our_exchange: Target) -> None:
    school.record("Иванов И", noise(1000))
    school.send_to(our_exchange)
    assert school.once().returncode == 0
    school.record("Петров П", noise(1000, 2))
    with wire_to(our_exchange.port) as wire:
        school.send_to(our_exchange, url=f"http://127.0.0.1:{wire.port}/files")
        assert school.once().returncode == 0


def test_verify_names_each_breach(school: School, our_exchange: Target) -> None:
    stems = [school.record(name, noise(1000, seed)) for seed, name in enumerate(("Иванов И", "Петров П", "Ким К"))]
    school.send_to(our_exchange)
    assert school.once().returncode == 0
    receipts = {
        name: school.state / "receipts" / f"{sha256(noise(1000, seed))}.json" for seed, name in enumerate(stems)
    }
    receipts[stems[0]].unlink()
    forged = json.loads(receipts[stems[1]].read_text()) | {"tier": "centre"}
    receipts[stems[1]].write_text(json.dumps(forged))
    manifest = school.day / f"{stems[2]}.json"
    manifest.write_text(manifest.read_text().replace("265", "266"))
    done = school.run("verify")
    assert done.returncode == 1
    assert [line.partition(": ")[2] for line in sorted(done.stderr.splitlines())] == [
        "no receipt, or it is no good; station-sync once asks for it again",
        "what is on disk now is not what was delivered",
        "the server's signature is wrong",
    ]
    assert len(json.loads(school.run("verify", "--json").stdout)["breaches"]) == 3


def test_a_lost_or_forged_receipt_is_no_delivery_until_it_is_fetched_again(
    school: School, our_exchange: Target
) -> None:
    stems = [school.record(name, noise(1000, seed)) for seed, name in enumerate(("Иванов И", "Петров П"))]
    school.send_to(our_exchange)
    assert school.once().returncode == 0
    lost, forged = (school.state / "receipts" / f"{sha256(noise(1000, seed))}.json" for seed in range(2))
    genuine = lost.read_bytes(), forged.read_bytes()
    lost.unlink()
    forged.write_text(forged.read_text().replace("hub", "centre"))
    package = school.status()["package"]
    assert not package["complete"]
    assert [one["path"].rpartition("/")[2] for one in package["missing"]] == [f"{stem}.wav" for stem in stems]
    assert "once" in package["missing"][0]["reason"]
    assert school.once().returncode == 0
    assert (lost.read_bytes(), forged.read_bytes()) == genuine
    assert school.run("verify").returncode == 0


def test_what_one_unproved_server_was_sent_another_one_gets_too(
    school: School, tus_server: Target, uploadx_server: Target
) -> None:
    content = noise(1000)
    school.record("Иванов И", content)
    for target in (uploadx_server, tus_server):
        school.send_to(target)
        assert school.once().returncode == 1
        assert set(school.states().values()) == {"uploaded"}
        assert target.stored()[sha256(content)] == 1


def test_sync_writes_nothing_below_recordings(school: School, our_exchange: Target) -> None:
    school.record("Иванов И", noise(1000))
    before = {path: path.stat().st_mtime_ns for path in school.recordings.rglob("*")}
    school.send_to(our_exchange)
    assert school.once().returncode == 0
    assert {path: path.stat().st_mtime_ns for path in school.recordings.rglob("*")} == before
    assert school.state.stat().st_mode & 0o077 == 0


def test_status_starts_without_the_network_libraries() -> None:
    program = "import sys, sync.cli, sync.report; sys.exit('requests' in sys.modules or 'watchdog' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
