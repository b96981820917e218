"""A school's folder: configuration, roster and exchange of one room, as a technician would write them."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

CODE, ROOM, ZONE = "701020", "265", "Asia/Tomsk"
BIN = Path(sys.executable).parent


def today() -> date:
    """The school's date: the exam is today."""
    return datetime.now(ZoneInfo(ZONE)).date()


@dataclass(frozen=True)
class School:
    """Files of one room in `folder`, and how its programs are called. `port` of its page; 0: it has none."""

    folder: Path
    port: int = 0

    @property
    def exchange(self) -> Path:
        """Where the embedded exchange keeps what it received."""
        return self.folder / "exchange"

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes the programs find this room."""
        return {
            "STATION_CONFIG": str(self.folder / "station.toml"),
            "SYNC_CONFIG": str(self.folder / "sync.toml"),
            "RUNTIME_DIRECTORY": str(self.folder / "run"),
        }

    def write(self, *, device: str, roster: str, recording: str = "both") -> None:
        """Write the configuration and the roster; what is there already stays."""
        (self.folder / "run").mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.folder / "recordings").mkdir(exist_ok=True, mode=0o750)  # the agent looks there before the first day
        self._write_once("roster.csv", roster)
        self._write_once(
            "station.toml",
            f'[school]\ncode = "{CODE}"\nname = "МБОУ СОШ № 1"\ntime_zone = "{ZONE}"\n\n'
            f'[exam]\ndate = {today()}\nrecording = "{recording}"\n\n'
            f'[room]\nnumber = "{ROOM}"\nroster = "roster.csv"\n\n'
            f'[capture]\ndevice = "{device}"\n\n[storage]\nfolder = "recordings"\n\n'
            f"[web]\nport = {self.port}\n",
        )

    def admit(self, url: str) -> None:
        """Let the school into the exchange at `url`: its token, and the agent's configuration."""
        token = self.folder / "token"
        if not token.exists():
            said = self.call("station-sync", "exchange", "add-school", CODE, "--folder", str(self.exchange))
            descriptor = os.open(token, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(said.split()[-1])
        (self.folder / "sync.toml").write_text(
            f'[school]\ncode = "{CODE}"\n\n[watch]\nrecordings = ["recordings"]\n\n'
            f'[target]\nkind = "tus"\nurl = "{url}/files"\ntoken_file = "token"\n\n[state]\nfolder = "state"\n',
            encoding="utf-8",
        )

    def call(self, program: str, *words: str) -> str:
        """What a command of the product answers. subprocess.CalledProcessError when it fails."""
        environment = os.environ | self.environment
        done = subprocess.run([BIN / program, *words], env=environment, stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout

    def _write_once(self, name: str, text: str) -> None:
        path = self.folder / name
        if not path.exists():
            path.write_text(text, encoding="utf-8")
