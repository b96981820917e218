"""What the routes share: the room's configuration and people, the daemon, the open pages, who may do what.

One for the process; routes find it by `room_of`.
"""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from starlette.requests import HTTPConnection

from exam.clock import steady_ns
from exam.localpage.gate import Gate
from exam.localpage.refusal import Refused
from exam.roster import Roster
from station.config import Config
from station.web.daemon import Daemon
from station.web.listening import Listening
from station.web.live import Live
from station.web.pin import Pin
from station.web.player import Player

PIN_HEADER = "x-pin"


class Room:
    """`pin` None: it is configured, but its file cannot be read."""

    def __init__(
        self,
        config: Config,
        people: Roster,
        *,
        daemon: Daemon,
        live: Live,
        gate: Gate,
    ) -> None:
        self.config, self.people = config, people
        self.daemon, self.live = daemon, live
        self.gate, self.pin = gate, pin_in(config)
        self.player, self.listening = Player(folders_of(config), daemon), Listening()

    @property
    def has_pin(self) -> bool:
        return self.pin is None or self.pin.is_set

    def demand_pin(self, connection: HTTPConnection) -> None:
        """Raises Refused unless the request carries the PIN, or none is configured."""
        if self.pin is None:
            raise Refused(
                403,
                "pin_unreadable",
                "Файл с PIN-кодом не читается. Закончить день можно командой: station close.",
                "The PIN's file cannot be read. Close the day by the command: station close.",
            )
        given, now = unquote(connection.headers.get(PIN_HEADER, "")), steady_ns()
        if self.pin.is_set and not given:
            raise Refused(403, "pin_needed", "Введите PIN-код.", "Enter the PIN.")
        match self.pin.try_(given, now):
            case "wait":
                left = self.pin.wait_s(now)
                raise Refused(
                    429,
                    "pin_wait",
                    f"Слишком много попыток. Повторите через {left} с.",
                    f"Too many tries. Try again in {left} s.",
                    {"Retry-After": str(left)},
                )
            case "wrong":
                raise Refused(403, "pin_wrong", "PIN-код не подходит.", "That is not the PIN.")


def room_of(connection: HTTPConnection) -> Room:
    """The room that the request is about."""
    room: Room = connection.app.state.room
    return room


def folders_of(config: Config) -> Sequence[Path]:
    """Where the day may be, the likelier first."""
    return [folder for folder in (config.day_folder, config.second_day_folder) if folder is not None]


def pin_in(config: Config) -> Pin | None:
    """The configured PIN; None where its file cannot be read."""
    if not config.web.pin_file:
        return Pin(None)
    try:
        secret = (config.path.parent / config.web.pin_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return Pin(secret) if secret else None
