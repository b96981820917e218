"""What runs inside the emulated machine of `test_exchange_power_cut`: waits for the exchange, uploads, checks.

python in_machine.py await|send|check PORT SHARED
"""

import sys
import time
from pathlib import Path

import requests
from crashing import Sender, Told, check_kept
from exchange_peers import Client, Served

_READY_S = 240.0


def main(what: str, port: str, shared: Path) -> None:
    served = Served(Path("/mnt/exchange"))
    served.url = f"http://127.0.0.1:{port}"
    if what == "await":
        await_exchange(served.url)
        return
    client = Client(served, (shared / "token").read_text())
    if what == "check":
        check_kept(client, [Told.read(log) for log in shared.glob("*.told")])
        return
    round_ = time.time_ns()  # each life its own files
    for name in "abcd":
        Sender(client, f"{name}{round_}", 60_000, log=shared / f"{name}.told").start()
    while True:
        time.sleep(60)  # the power goes some time


def await_exchange(url: str) -> None:
    deadline = time.monotonic() + _READY_S
    while True:
        try:
            requests.get(url + "/key", timeout=10)
        except requests.RequestException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
