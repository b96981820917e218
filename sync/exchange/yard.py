"""Where things lie in the exchange's folder. Pure paths; whoever holds a `Yard` may use them."""

from pathlib import Path

from msgspec import Struct

UNDATED = "other"
"""The folder of files sent without a day folder."""


class Yard(Struct, frozen=True):
    """One exchange's folder.

    `schools/CODE/DAY/NAME` is what arrived and is proven; `incoming/CODE/ID` is on its way; `quarantine/CODE/ID`
    is what proved not to be what was announced.
    """

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "exchange.db"

    @property
    def key(self) -> Path:
        return self.folder / "server.key"

    @property
    def tls_certificate(self) -> Path:
        return self.folder / "tls.pem"

    @property
    def tls_key(self) -> Path:
        return self.folder / "tls.key"

    @property
    def listening(self) -> Path:
        return self.folder / "listening.json"

    @property
    def lock(self) -> Path:
        return self.folder / "server.lock"

    def incoming(self, school: str, upload_id: str) -> Path:
        return self.folder / "incoming" / school / upload_id

    def quarantine(self, school: str, upload_id: str) -> Path:
        return self.folder / "quarantine" / school / upload_id

    def day(self, school: str, day_folder: str) -> Path:
        return self.folder / "schools" / school / (day_folder or UNDATED)

    def place(self, school: str, day_folder: str, name: str) -> str:
        """Where a file lies for good, below the folder or whatever stands for it."""
        return f"schools/{school}/{day_folder or UNDATED}/{name}"
