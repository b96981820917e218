"""The recordings that are being listened to: found once, read once, whoever asks how often."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from station.web.daemon import Daemon
from station.web.sounds import Sound, find
from station.web.survey import Survey, survey_of

_KEPT = 4
_ARRIVES_S, _LOOK_S = 2.0, 0.05


class Player:
    """Those heard last. `folders`: where the day may be. A take that goes on is another recording than before."""

    def __init__(self, folders: Sequence[Path], daemon: Daemon) -> None:
        self._folders, self._daemon = folders, daemon
        self._sounds: OrderedDict[tuple[str, float], Sound] = OrderedDict()
        self._surveys: OrderedDict[tuple[str, int], asyncio.Task[Survey]] = OrderedDict()

    async def sound(self, stem: str) -> Sound:
        """The recording of that name, once what was said last has reached the disk. Raises Refused, DaemonAway."""
        hand = self._daemon.latest.glance.in_hand
        key = stem, hand.seconds_in_all if hand is not None and hand.take == stem else 0.0
        if key not in self._sounds:
            sound = await self._arrived(stem)
            if not sound.is_whole:
                return sound
            self._sounds[key] = sound
            _forget(self._sounds)
        return self._sounds[key]

    async def survey(self, stem: str) -> Survey:
        """Its waveform and hash. Raises Refused, DaemonAway, and as the disk does."""
        sound = await self.sound(stem)
        key = stem, sound.frames
        if key not in self._surveys or _has_failed(self._surveys[key]):
            self._surveys[key] = asyncio.create_task(asyncio.to_thread(survey_of, sound))
            _forget(self._surveys)
        return await asyncio.shield(self._surveys[key])

    async def _arrived(self, stem: str) -> Sound:
        """What is lost does not come: in the end it is what there is."""
        sound = await asyncio.to_thread(find, self._folders, stem)
        for _ in range(round(_ARRIVES_S / _LOOK_S)):
            if sound.is_whole:
                break
            await asyncio.sleep(_LOOK_S)
            sound = await asyncio.to_thread(find, self._folders, stem)
        return sound


def _has_failed(task: "asyncio.Task[Survey]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


def _forget(kept: "OrderedDict[tuple[str, float], Sound] | OrderedDict[tuple[str, int], asyncio.Task[Survey]]") -> None:
    """All but the latest."""
    while len(kept) > _KEPT:
        kept.popitem(last=False)
