"""The exchange encrypts by itself: an agent that is told its certificate delivers, others learn nothing."""

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from exchange_peers import DEADLINE_S
from rig.certificate import self_signed
from rig.exchange import exchange_for
from school import School, Target, noise

from exam.errors import ConfigError, Fatal
from sync.exchange.tls import context
from sync.transports.tus import Tus


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    return self_signed(tmp_path)


@pytest.fixture
def encrypted(tmp_path: Path, certificate: tuple[Path, Path]) -> Iterator[Target]:
    folder, files = tmp_path / "exchange", ["--tls-cert", str(certificate[0]), "--tls-key", str(certificate[1])]
    program, token = exchange_for("701020", folder, "--host", "0.0.0.0", "--tier", "centre", *files)  # noqa: S104
    with program.running():
        yield Target(program.port, folder, token)


def test_an_agent_with_its_certificate_delivers(
    tmp_path: Path, encrypted: Target, certificate: tuple[Path, Path]
) -> None:
    (tmp_path / "school").mkdir()
    school = School(tmp_path / "school")
    school.record("Иванов И", noise(300_000))
    shutil.copy(certificate[0], school.base / "ca.pem")
    url = f"https://127.0.0.1:{encrypted.port}/files"
    school.send_to(encrypted, url=url, ca_file="ca.pem", tier="centre")
    done = school.once()
    assert done.returncode == 0, done.stderr
    assert set(school.states().values()) == {"delivered"}
    log = (tmp_path / "exchange.log").read_text()
    assert "https://0.0.0.0" in log
    assert "WARNING" not in log, "encrypted, it may be seen from the network"


def test_without_its_certificate_nothing_is_sent(encrypted: Target) -> None:
    with pytest.raises(Fatal) as caught:
        Tus(f"https://127.0.0.1:{encrypted.port}/files", encrypted.token).key()
    assert caught.value.code == "bad_certificate"
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{encrypted.port}/key", timeout=DEADLINE_S)


def test_a_handshake_that_never_ends_disturbs_nobody(encrypted: Target, certificate: tuple[Path, Path]) -> None:
    with socket.create_connection(("127.0.0.1", encrypted.port)) as silent:
        silent.sendall(b"\x16\x03\x01")
        answer = requests.get(f"https://127.0.0.1:{encrypted.port}/key", verify=str(certificate[0]), timeout=DEADLINE_S)
        assert answer.ok


class TestFiles:
    def test_a_key_open_to_others_is_refused(self, certificate: tuple[Path, Path]) -> None:
        certificate[1].chmod(0o640)
        with pytest.raises(ConfigError, match="chmod 600"):
            context(*certificate)

    @pytest.mark.parametrize("which", [0, 1])
    def test_a_file_that_is_none_is_named(self, certificate: tuple[Path, Path], which: int) -> None:
        certificate[which].write_text("nothing of the kind")
        with pytest.raises(ConfigError, match=str(certificate[which])):
            context(*certificate)
        certificate[which].unlink()
        with pytest.raises(ConfigError, match=str(certificate[which])):
            context(*certificate)

    def test_a_key_of_another_certificate_is_refused(self, tmp_path: Path, certificate: tuple[Path, Path]) -> None:
        (tmp_path / "other").mkdir()
        with pytest.raises(ConfigError):
            context(certificate[0], self_signed(tmp_path / "other")[1])

    def test_one_without_the_other_is_wrong_usage(self, tmp_path: Path) -> None:
        done = School(tmp_path).run("exchange", "serve", "--folder", str(tmp_path / "x"), "--tls-cert", "x")
        assert done.returncode == 2
        assert "--tls-key" in done.stderr
