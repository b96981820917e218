"""The same faults between a school and servers that others wrote and that only know files and names."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from campaign import Agent, Campaign, Held, Kinds, Shore, of_the_answers, of_the_line, of_the_programs
from far_s3 import PREFIX, Storage, storage
from far_sftp import openssh
from far_webdav import PASSWORD, USER, apache, rclone
from rig.seaweed import BUCKET, KEY, SECRET
from school import School, sha256
from wire import Wire, wire_to

SEED = 20260212
METHODS = (b"PUT", b"MOVE", b"HEAD", b"GET")
S3_METHODS = (b"PUT", b"HEAD", b"GET")
TIMES = 2


@contextmanager
def at_webdav(kind: str, school: School, base: Path) -> Iterator[tuple[Campaign, Kinds]]:
    with (apache if kind == "apache" else rclone)(base) as far, wire_to(far.port) as wire:
        url = f"http://127.0.0.1:{wire.port}/{quote('ИС 9')}"
        target = f'kind = "webdav"\nurl = "{url}"\nuser = "{USER}"\npassword_file = "secret"\n'
        _secret(school, PASSWORD)
        with _told(school, target, wire, Shore(far.target)) as campaign:
            kinds = of_the_line(campaign) | of_the_answers(campaign, METHODS) | of_the_programs(campaign, far)
            yield campaign, kinds


@contextmanager
def at_sftp(_kind: str, school: School, base: Path) -> Iterator[tuple[Campaign, Kinds]]:
    with openssh(base) as far, wire_to(far.port) as wire:
        target = f'kind = "sftp"\nurl = "{far.url(wire.port)}"\nuser = "{far.user}"\nkey_file = "{far.key_file}"\n'
        with _told(school, target, wire, Shore(far.folder)) as campaign:
            kinds = of_the_line(campaign) | of_the_programs(campaign, far)
            del kinds["names gone"]  # its library asks no resolver for an address
            yield campaign, kinds


@dataclass
class Bucket:
    """A storage as another client of it tells it."""

    far: Storage

    def held(self) -> dict[str, str]:
        return {path: sha256(content) for path, content in self.far.stored().items()}


@contextmanager
def at_s3(_kind: str, school: School, base: Path) -> Iterator[tuple[Campaign, Kinds]]:
    with storage(base) as far, wire_to(far.port) as wire:
        target = f'kind = "s3"\nurl = "http://127.0.0.1:{wire.port}"\nbucket = "{BUCKET}"\nprefix = "{PREFIX}"\n'
        _secret(school, f"{KEY} {SECRET}")
        with _told(school, target + 'credentials_file = "secret"\n', wire, Bucket(far)) as campaign:
            kinds = of_the_line(campaign) | of_the_answers(campaign, S3_METHODS) | of_the_programs(campaign, far)
            yield campaign, kinds


@contextmanager
def _told(school: School, target: str, wire: Wire, shore: Held) -> Iterator[Campaign]:
    (school.base / "sync.toml").write_text(f'[school]\ncode = "701020"\n[target]\n{target}')
    school.day.mkdir(parents=True)
    with Agent(school).running() as agent:
        yield Campaign(school, agent, wire, shore, SEED)


def _secret(school: School, text: str) -> None:
    file = school.base / "secret"
    file.touch(mode=0o600)
    file.write_text(text)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "at"), [("apache", at_webdav), ("rclone", at_webdav), ("sftp", at_sftp), ("s3", at_s3)]
)
def test_faults_on_the_way_to_files_and_names(
    kind: str, at: object, school: School, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    far = tmp_path / "far"
    far.mkdir()
    with at(kind, school, far) as (campaign, kinds):  # type: ignore[operator]
        order = [one for one in kinds for _ in range(TIMES)]
        campaign.chance.shuffle(order)
        campaign.rage(kinds, order)
        campaign.everything_arrives()
    with capsys.disabled():
        sys.stdout.write(f"\n{kind}, seed {SEED}\n{campaign.table()}\n")
