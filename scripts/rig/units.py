"""A systemd in the emulated machine: it starts units with all the hardening they ask for, and nothing else.

A computer booted by systemd-nspawn shares a kernel that has no sound card and lets it confine no devices; the
machine has both. The systemd is this computer's own, the first process of a process namespace.
"""

import shlex
import time
from pathlib import Path

from rig.machine import Machine, MachineError

UNITS = Path("/run/systemd/system")
READY_S = 120.0
_POLL_S = 0.5
_TARGET = "bare.target"
_BARE = "[Unit]\nDescription=Nothing but what is asked for\nDefaultDependencies=no\n"
_LOG = "/shared/systemd.log"


class Units:
    """The systemd of a machine; started by `start`, gone with the machine."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._outside = 0

    def start(self) -> None:
        """Returns when it takes orders. MachineError when it does not come up."""
        self._machine.run("mount -t cgroup2 cgroup2 /sys/fs/cgroup")
        self.write(_TARGET, _BARE)
        self._outside = self._machine.start(
            "exec unshare --pid --fork --mount-proc --kill-child env container=machine "
            f"/lib/systemd/systemd --system --unit={_TARGET} --log-target=console",
            _LOG,
        )
        deadline = time.monotonic() + READY_S
        while not self._is_up():
            if time.monotonic() > deadline:
                raise MachineError(f"systemd does not come up: {self.log()}")
            time.sleep(_POLL_S)

    def write(self, name: str, text: str) -> None:
        """A unit, or, named `unit.d/name.conf`, what is to be added to one; before systemd is told, see `ask`."""
        path = UNITS / name
        self._machine.run(f"mkdir -p {path.parent} && printf %s {shlex.quote(text)} >{path}")

    def ask(self, *words: str, timeout_s: float = 120.0) -> str:
        """What systemctl answers. MachineError when it refuses."""
        inside = f"nsenter --target $(pgrep -P {self._outside}) --pid --mount --root --"
        return self._machine.run(f"{inside} systemctl {shlex.join(words)}", timeout_s)

    def log(self) -> str:
        """What systemd and its units said."""
        return (self._machine.shared / Path(_LOG).name).read_text(errors="replace") + self._machine.console()

    def _is_up(self) -> bool:
        try:
            return "active" in self.ask("is-active", _TARGET)
        except MachineError:
            return False
