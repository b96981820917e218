"""The product works from a built wheel, outside the checkout, with its data files."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

# The booted computer installs from the same checkout: two builds at once would share its build folder.
pytestmark = pytest.mark.xdist_group("booted")

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with nothing of ours but the wheel; its dependencies are the test environment's."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    made = folder / "prefix"
    venv.create(made, with_pip=True)
    install = [made / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps", wheel]
    subprocess.run(install, check=True, capture_output=True)
    (packages,) = made.glob("lib/python*/site-packages")
    ours = next(Path(sys.prefix).glob("lib/python*/site-packages"))
    # Ours last, and without its editable link back to the checkout.
    (packages / "dependencies.pth").write_text(f"import sys; sys.path.append({str(ours)!r})\n")
    return made


def run(prefix: Path, program: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [prefix / "bin" / program, *words]
    return subprocess.run(command, cwd=prefix, env=environment, capture_output=True, text=True, check=False)


def test_both_programs_answer(prefix: Path) -> None:
    for program in ("station", "station-sync"):
        done = run(prefix, program, "--version")
        assert (done.returncode, done.stdout.split()[0]) == (0, program)


def test_the_code_is_the_wheels(prefix: Path) -> None:
    found = run(
        prefix, "python", "-c", "import station, sync, exam; print(station.__file__, sync.__file__, exam.__file__)"
    )
    assert found.stdout.count(str(prefix)) == 3, found.stdout + found.stderr


def test_examples_and_units_are_there_and_load(prefix: Path) -> None:
    share = prefix / "share" / "exam-station"
    assert (share / "systemd" / "station@.service").exists()
    assert (share / "systemd" / "sysusers.d").is_dir()
    done = run(prefix, "station", "status", "--config", str(share / "config" / "station.toml"))
    assert done.returncode == 3, done.stderr


def test_modules_started_as_programs_are_found(prefix: Path) -> None:
    for module in ("station.encoding", "station.capture.child", "station.web.__main__"):
        assert (
            run(prefix, "python", "-c", f"import importlib.util as u; assert u.find_spec('{module}')").returncode == 0
        )
