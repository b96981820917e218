"""An emulated PC with Debian's kernel: file systems and a sound card this one lacks, and a power switch.

Its disk is this computer's own files, read-only, beneath a layer of memory: the project and its environment lie
where they lie here, and every change is gone with the machine. Needs qemu-system-x86; emulates every
instruction, some twenty times slower than this machine. Owns its process and ends it by its pid.
"""

import contextlib
import json
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rig.kernel import NoMachine, kernel
from rig.staged import Staged

BOOT_S = 120.0
"""The longest a boot may take on a loaded machine; an idle one needs a tenth."""
BOOTS = 3
"""Tried before giving up: now and then one stands still, its disks not touched yet."""
_POLL_S = 0.1
_MARGIN_S = 60.0  # what the machine may need beyond a command's own time to say that it was too slow
# Emulated, the wide registers of newer processors are slower than none: hashes and sums take twice as long with them.
_PROCESSOR = "Nehalem"
_AGENT = Path(__file__).parent / "guest" / "agent.py"
_CONSOLE_LINES = 30


class MachineError(RuntimeError):
    """A command in the machine failed, or the machine did; the console's last lines follow."""


class Machine(Staged):
    """A running machine; `disks` are raw images, in it /dev/vda, /dev/vdb, …; `shared` is its /shared.

    with Machine(disks=[image]) as machine:
        machine.run("mount -t vfat /dev/vda /mnt")
        machine.cut()               # what was only in its memory is gone

    NoMachine when it cannot be made here, MachineError when it does not come up.
    """

    _PREFIX = "machine-"

    def __init__(self, disks: Sequence[Path] = (), *, cpus: int = 2, memory_mb: int = 1024) -> None:
        super().__init__()
        self._disks, self._cpus, self._memory_mb = disks, cpus, memory_mb
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._waiting = b""
        self.boot_s = 0.0

    @property
    def shared(self) -> Path:
        """A folder both see, in the machine as /shared: it outlives a cut, not this object."""
        return self._folder / "shared"

    def run(self, command: str, timeout_s: float = 120.0) -> str:
        """What a shell command printed. MachineError when it fails or takes longer."""
        answer = self._ask({"command": command, "timeout_s": timeout_s}, timeout_s + _MARGIN_S)
        if answer["rc"] != 0:
            raise self._error(f"{command!r} ended with {answer['rc']}: {answer['err']}{answer['out']}")
        return str(answer["out"])

    def start(self, command: str, log: str = "/dev/null") -> int:
        """Begin a shell command in a process group of its own, output appended to `log`; its process there."""
        return int(self._ask({"command": command, "log": log}, _MARGIN_S)["pid"])

    def modprobe(self, *modules: str) -> None:
        """Load modules of the kernel, each with its parameters; file systems load by themselves when mounted."""
        for module in modules:
            self.run(f"modprobe {module}")

    def monitor(self, command: str, **arguments: Any) -> None:
        """Do something to the machine itself, as qemu's own protocol (QMP) calls it: plug, unplug, press a key."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(_MARGIN_S)
            line.connect(str(self._folder / "qmp.sock"))
            with line.makefile("rwb") as lines:
                for order in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                    lines.write(json.dumps(order).encode() + b"\n")
                    lines.flush()
                    while not {"return", "error"} & (answer := json.loads(lines.readline())).keys():
                        pass  # a greeting, or an event
                    if "error" in answer:
                        raise self._error(f"{order}: {answer['error']}")

    def cut(self) -> None:
        """Take the power away: memory is lost, the disks keep what they were given."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def console(self) -> str:
        """The last lines of what the kernel said."""
        log = self._folder / "console.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return "\n".join(lines[-_CONSOLE_LINES:])

    def _begin(self) -> None:
        self._kernel = kernel()
        self.shared.mkdir()
        shutil.copy(_AGENT, self.shared / "agent.py")
        for _ in range(BOOTS - 1):
            try:
                self._boot()
            except MachineError:
                self._switch_off()
            else:
                return
        self._boot()

    def _boot(self) -> None:
        started = time.monotonic()
        try:
            with (self._folder / "qemu.log").open("wb") as log:
                # A session of its own is a share of the processor of its own: Linux divides by sessions first.
                self._process = subprocess.Popen(
                    self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._folder,
                    start_new_session=True,
                )  # fmt: skip
        except OSError as error:
            raise NoMachine(f"qemu-system-x86_64: {error}") from error
        self._line = self._connect(started + BOOT_S)
        if not self._answer(BOOT_S).get("ready"):
            raise self._error("the machine's agent does not answer")
        tree = shlex.quote(str(self._kernel.tree / "lib" / "modules"))
        self.run(f"mkdir -p /lib/modules && mount --bind {tree} /lib/modules")
        self.boot_s = time.monotonic() - started

    def _command(self) -> list[str]:
        # Ends with the test, however that ends; and others' work on this computer must not keep the machine from
        # hearing. Without root `nice` only complains.
        wrapped = ["nice", "-n", "-5", "setpriv", "--pdeathsig", "KILL", "--"]
        machine = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", _PROCESSOR, "-smp", str(self._cpus),
                   "-m", str(self._memory_mb), "-M", "q35", "-nodefaults", "-no-user-config", "-display", "none",
                   "-no-reboot", "-serial", "file:console.log"]  # fmt: skip
        kernel_ = ["-kernel", str(self._kernel.image), "-initrd", str(self._kernel.ramdisk),
                   "-append", "console=ttyS0 panic=-1 mitigations=off quiet loglevel=4"]  # fmt: skip
        shares = ["-virtfs", "local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap",
                  "-virtfs", "local,path=shared,mount_tag=shared,security_model=none"]  # fmt: skip
        agent = ["-device", "virtio-serial-pci", "-chardev", "socket,id=agent,path=agent.sock,server=on,wait=off",
                 "-device", "virtserialport,chardev=agent,name=agent"]  # fmt: skip
        plugs = ["-qmp", "unix:qmp.sock,server=on,wait=off", "-device", "qemu-xhci"]
        return wrapped + machine + kernel_ + shares + agent + plugs + self._drives()

    def _drives(self) -> list[str]:
        # What the machine has written is in this computer's page cache and outlives qemu's sudden end, whatever the
        # cache mode; `unsafe` only spares the flushes of a real disk here.
        options = "if=virtio,format=raw,cache=unsafe"
        return [word for disk in self._disks for word in ("-drive", f"file={disk.absolute()},{options}")]

    def _connect(self, deadline: float) -> socket.socket:
        while True:
            line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                line.connect(str(self._folder / "agent.sock"))
            except OSError:
                line.close()
                self._check_alive()
                if time.monotonic() > deadline:
                    raise self._error("qemu opens no agent's port") from None
                time.sleep(_POLL_S)
            else:
                return line

    def _ask(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        if self._line is None or self._process is None:
            raise MachineError("the machine is off")
        self._line.sendall(json.dumps(request).encode() + b"\n")
        return self._answer(timeout_s)

    def _answer(self, timeout_s: float) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._waiting:
            piece = self._receive(deadline - time.monotonic())
            if not piece:
                raise self._error("the machine does not answer")
            self._waiting += piece
        line, self._waiting = self._waiting.split(b"\n", 1)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _receive(self, timeout_s: float) -> bytes:
        if self._line is None or timeout_s <= 0:
            return b""
        self._line.settimeout(timeout_s)
        with contextlib.suppress(TimeoutError, ConnectionError):
            return self._line.recv(1 << 16)
        return b""

    def _check_alive(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            raise self._error("qemu ended")

    def _error(self, text: str) -> MachineError:
        log = self._folder / "qemu.log"
        said = log.read_text(errors="replace") if log.exists() else ""
        return MachineError(f"{text}\n{said}--- console ---\n{self.console()}")

    def _switch_off(self) -> None:
        self.cut()
        if self._line is not None:
            self._line.close()
            self._line = None

    def _leave(self) -> None:
        self._switch_off()
        shutil.rmtree(self._folder, ignore_errors=True)
