"""What the sound server and the machine have in common: they last for a block of code, with a folder of their own."""

import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self


class Staged(ABC):
    """Begins with a block of code and is gone after it, also when its beginning fails."""

    _PREFIX: ClassVar[str]

    def __init__(self) -> None:
        self._folder = Path()

    def __enter__(self) -> Self:
        # Directly under /tmp: a unix socket's path is at most 108 bytes, and pytest's folders are deep.
        self._folder = Path(tempfile.mkdtemp(prefix=self._PREFIX, dir="/tmp"))
        try:
            self._begin()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    @abstractmethod
    def _begin(self) -> None:
        """Bring it up in `_folder`."""

    @abstractmethod
    def _leave(self) -> None:
        """End what was begun, as far as it came, and remove `_folder`."""
