"""`scripts/run --demo` passes on a sound day and fails on a spoilt one."""

import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.real
RUN = Path(__file__).parents[2] / "scripts" / "run"


def demo(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([RUN, "--demo", *words], capture_output=True, text=True, check=False, timeout=170)


def test_a_whole_day_at_real_time() -> None:
    done = demo()
    assert done.returncode == 0, done.stdout + done.stderr
    table = done.stdout[done.stdout.index("Участник") :]
    for words in (
        "Иванов Иван",
        "Иванов Игорь",
        "Петрова Анна",
        "Сидоров Пётр",
        "неявка",
        "повтор",
        "дубль",
        "поток_01",
    ):
        assert words in table
    assert "нет" not in table.split("День сошёлся")[0], "every file has a receipt"


@pytest.mark.parametrize(
    ("spoilt", "named"),
    [
        pytest.param("recording", "station verify", marks=pytest.mark.slow),
        ("stored", "другие байты"),
        pytest.param("receipt", "station-sync verify", marks=pytest.mark.slow),
    ],
)
def test_a_spoilt_day_is_noticed(spoilt: str, named: str) -> None:
    done = demo("--pace", "0.05", "--spoil", spoilt)
    assert done.returncode == 1, done.stdout + done.stderr
    assert named in done.stdout
