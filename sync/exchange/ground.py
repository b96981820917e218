"""The ground the exchange stands on: its folder, as it was when it began to be served.

A disk may be unmounted under a server that holds files open on it. Then an empty folder of another disk is there, in
which nothing may grow: what lay there would look lost, and what came would vanish when the disk is back. `access` asks
for every school, `verifier` before every step.
"""

from pathlib import Path

from exam.errors import Transient


class Ground:
    """`folder` must be there. Used by any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known = self._found()

    def check(self) -> None:
        """Raise Transient unless the folder is still the one it was."""
        if self._found() != self._known:
            raise Transient(
                f"Папка обмена {self._folder} отключена. Принятое цело; подключите её диск, обмен продолжится сам. "
                "Если диск теперь другой, перезапустите обмен.",
                f"The exchange's folder {self._folder} is not there. What arrived is safe; mount its disk, and the "
                "exchange will go on by itself. If the disk is another now, start the exchange again.",
                code="folder_gone",
            )

    def _found(self) -> tuple[int, int] | None:
        try:
            status = self._folder.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino
