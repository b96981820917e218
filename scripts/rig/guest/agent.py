"""Runs inside the emulated machine: does what `rig.machine` asks, one JSON line each way over a virtio port.

Its standard library only: the machine has no virtual environment of its own.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, BinaryIO

PORTS = Path("/sys/class/virtio-ports")
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
}


def port() -> BinaryIO:
    """The port named `agent`."""
    name = next(entry.name for entry in PORTS.iterdir() if (entry / "name").read_text().strip() == "agent")
    return os.fdopen(os.open(f"/dev/{name}", os.O_RDWR), "r+b", buffering=0)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Run a shell command: to its end, or, with `log`, in the background with its output there."""
    shell = ["/bin/sh", "-c", request["command"]]
    if log := request.get("log"):
        with Path(log).open("ab") as output:
            process = subprocess.Popen(
                shell, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        return {"pid": process.pid}
    try:
        done = subprocess.run(
            shell,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=request["timeout_s"],
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"rc": None, "out": "", "err": f"not within {request['timeout_s']} s"}
    return {
        "rc": done.returncode,
        "out": done.stdout.decode(errors="replace"),
        "err": done.stderr.decode(errors="replace"),
    }


def main() -> None:
    with port() as line:
        line.write(b'{"ready": true}\n')
        waiting = b""
        while piece := line.read(1 << 16):
            *requests, waiting = (waiting + piece).split(b"\n")
            for request in requests:
                line.write(json.dumps(answer(json.loads(request))).encode() + b"\n")


if __name__ == "__main__":
    main()
