"""Room → headquarters → centre: everything arrives whole, and nobody takes the one's receipt for the other's."""

import contextlib
import hashlib
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from headquarters import CODE, Hub, headquarters, paired
from organizer import Office
from rig.exchange import exchange_for
from rig.schoolday import StagedRoom
from school import School, noise, wait_for

from exam.roster import Participant
from sync.exchange.packages import packages

pytestmark = pytest.mark.slow

PEOPLE = {
    "265": Participant(1, "Иванов", "Иван", "Иванович", "9А", "265"),
    "266": Participant(2, "Сидоров", "Сидор", "", "9А", "266"),
}
LARGE = 24_000_000


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with headquarters(tmp_path / "hub") as found:
        yield found


@pytest.fixture
def office(tmp_path: Path, hub: Hub) -> Iterator[Office]:
    """The headquarters' agent, which forwards what the hub holds to a centre."""
    program, token = exchange_for(CODE, tmp_path / "region" / "centre", "--tier", "centre")
    base = tmp_path / "office"
    base.mkdir()
    (base / "token").touch(mode=0o600)
    (base / "token").write_text(token)
    (base / "sync.toml").write_text(
        f'[school]\ncode = "{CODE}"\n[watch]\nrecordings = ["{hub.folder}/schools/{CODE}"]\n'
        f'[target]\nkind = "tus"\nurl = "http://127.0.0.1:{program.port}/files"\ntoken_file = "token"\n'
    )
    with program.running():
        yield Office(base / "sync.toml", tmp_path / "region" / "centre")


def staged(tmp_path: Path, hub: Hub, room: str, station: str, stream: bytes) -> School:
    """A paired computer and its day: a take, the stream, the room's record."""
    school = paired(tmp_path / station, hub.folder, room)
    day = StagedRoom(school.recordings, room, [PEOPLE[room]], station=station)
    day.stream(sound=stream)
    day.take(PEOPLE[room])
    day.record()
    return school


def contents(folder: Path) -> dict[str, str]:
    """SHA-256 of what lies below day folders, by name there; masters and whatever is unfinished left out."""
    return {
        f"{path.parent.name}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("*/*"))
        if path.suffix != ".wav"
    }


def tiers(told: str) -> set[str]:
    return {item["receipt"]["tier"] if item["receipt"] else "none" for item in json.loads(told)["items"]}


def test_a_day_of_two_rooms_one_with_two_computers(tmp_path: Path, hub: Hub, office: Office) -> None:
    rooms = [
        staged(tmp_path, hub, "265", "pc-a", noise(LARGE, 1)),
        staged(tmp_path, hub, "265", "pc-b", noise(LARGE, 2)),
        staged(tmp_path, hub, "266", "pc-c", noise(1000, 3)),
    ]
    forwarding = School(office.file.parent)
    agents = [one.start("run") for one in (*rooms, forwarding)]
    try:
        wait_for(lambda: any(path.stat().st_size > LARGE // 20 for path in _incoming(hub)))
        with hub.program.outage():  # SIGKILL while bytes come
            agents[-1].send_signal(signal.SIGKILL)
            agents[-1].communicate()
        agents[-1] = forwarding.start("run")
        everything = set().union(*(contents(one.recordings).values() for one in rooms))
        wait_for(lambda: {one.sha256 for one in packages(office.centre)} == everything, 120)
    finally:
        for agent in agents:
            agent.terminate()
            agent.communicate()
    assert sorted(contents(office.centre / "schools" / CODE).values()) == sorted(everything)
    assert contents(office.centre / "schools" / CODE) == contents(hub.folder / "schools" / CODE)
    for one in rooms:
        wait_for(lambda one=one: one.run("once").returncode == 0)  # type: ignore[misc]
        assert tiers(one.run("status", "--json").stdout) == {"hub"}
        told = one.run("status").stdout
        assert "at the headquarters 5 of 5" in told
        assert "centre" not in told
    assert office.run("once") is not None
    assert tiers(forwarding.run("status", "--json").stdout) == {"centre"}
    told = forwarding.run("status").stdout
    assert "2026-02-11_265: at the centre 10 of 10" in told
    assert "2026-02-11_266: at the centre 5 of 5" in told
    assert "headquarters" not in told
    assert all(one.run("verify").returncode == 0 for one in (*rooms, forwarding))


def test_a_hub_that_is_taken_for_a_centre_proves_nothing(tmp_path: Path, hub: Hub) -> None:
    """Settings that claim another tier than the receipt's."""
    school = staged(tmp_path, hub, "265", "pc-a", b"stream")
    file = school.base / "sync.toml"
    file.write_text(file.read_text().replace('kind = "tus"', 'kind = "tus"\ntier = "centre"'))
    assert school.once().returncode == 1
    assert set(school.states().values()) != {"delivered"}
    assert "at the centre 5" not in school.run("status").stdout


def _incoming(hub: Hub) -> list[Path]:
    with contextlib.suppress(FileNotFoundError):
        return list((hub.folder / "incoming" / CODE).iterdir())
    return []
