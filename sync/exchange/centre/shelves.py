"""Stored bytes by the place the register knows: in the exchange's own folder, or in the store it is served with."""

from collections.abc import Iterator

from exam.errors import Rejected
from sync.exchange.storing import FolderStore, Store
from sync.exchange.yard import Yard


class Shelves:
    """For any thread. `store`: what the exchange lays files into when not into its folder; its owner closes it."""

    def __init__(self, yard: Yard, store: Store | None = None) -> None:
        self._folder = FolderStore(yard.folder)
        self._store = store

    def beginning(self, place: str, most: int) -> bytes:
        """At most the first `most` bytes. Raises FileNotFoundError, OSError, Transient; Rejected for a store unknown
        here."""
        store, within = self._of(place)
        return store.beginning(within, most)

    def pieces(self, place: str) -> Iterator[bytes | memoryview]:
        """All of it, past any cache. Raises as `beginning` does."""
        store, within = self._of(place)
        return store.pieces(within)

    def _of(self, place: str) -> tuple[Store, str]:
        if self._store is not None and self._store.label and place.startswith(self._store.label):
            return self._store, place.removeprefix(self._store.label)
        if not place.startswith("schools/"):
            raise Rejected(
                f"Файл {place} лежит в другом хранилище. Укажите его: --store s3 --s3-config FILE.",
                f"The file {place} lies in another store. Name it: --store s3 --s3-config FILE.",
                code="other_store",
            )
        return self._folder, place
