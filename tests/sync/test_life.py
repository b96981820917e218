"""How the agent is told to stop: at any moment, also in the middle of going to sleep."""

import subprocess
import sys

from sync.life import Wake

STORM = """
import os, signal, threading
from sync.life import Stop
stop = Stop()
signal.signal(signal.SIGTERM, lambda *_: stop.ask())
threading.Thread(target=lambda: [os.kill(os.getpid(), signal.SIGTERM) for _ in range(20_000)], daemon=True).start()
for _ in range(100_000):
    stop.wake.clear()
    stop.wake.wait(0.0)
print("alive")
"""


def test_a_wake_up_is_kept_until_it_is_used() -> None:
    wake = Wake()
    wake.set()
    wake.set()
    assert wake.wait(0)
    assert not wake.wait(0)
    wake.set()
    wake.clear()
    assert not wake.wait(-1)


def test_signals_at_any_moment_never_hang_the_agent() -> None:
    done = subprocess.run([sys.executable, "-c", STORM], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.returncode) == ("alive", 0), done.stderr
