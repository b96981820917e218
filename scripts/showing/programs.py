"""The product's programs, started in order and ended in the opposite order, each by its own pid."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Mapping

from showing.school import BIN, School

READY_S = 30.0
_POLL_S = 0.1


class NotReady(RuntimeError):
    """A program did not come up."""


@contextlib.contextmanager
def exchange(school: School, port: int = 0) -> Iterator[str]:
    """The embedded exchange; its URL."""
    words = ["exchange", "serve", "--folder", str(school.exchange), "--port", str(port)]
    with _running("station-sync", words, school.environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if "http" not in line:
            raise NotReady("файловый обмен не запустился")
        yield line[line.index("http") :].split()[0].rstrip("/.")


@contextlib.contextmanager
def station(school: School, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The room's daemon, answering, with sound coming in."""
    with _running("station", ["run"], {**school.environment, **environment}) as process:
        deadline = time.monotonic() + READY_S
        while not _answers(school):
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotReady("станция не запустилась")
            time.sleep(_POLL_S)
        yield process


@contextlib.contextmanager
def agent(school: School) -> Iterator[subprocess.Popen[str]]:
    """The agent, delivering whatever appears."""
    with _running("station-sync", ["run"], school.environment) as process:
        yield process


def _answers(school: School) -> bool:
    command = [BIN / "station", "status"]
    done = subprocess.run(command, env=os.environ | school.environment, capture_output=True, check=False)
    return done.returncode == 0


@contextlib.contextmanager
def _running(
    program: str, words: list[str], environment: Mapping[str, str], stdout: int | None = None
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [BIN / program, *words], env=os.environ | environment, stdin=subprocess.DEVNULL, stdout=stdout, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
