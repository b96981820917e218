"""Two kinds of work off the event loop: what is quick, and what waits until the disk has synced.

The quick one (`asyncio.to_thread`: looking up, adding a block to a file) never queues behind the slow one.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

QUICK_THREADS = 8
_SYNCING_THREADS = 32
"""Disks sync many files at a time in hardly more time than one."""
_syncing = ThreadPoolExecutor(_SYNCING_THREADS, "syncing")

P = ParamSpec("P")
T = TypeVar("T")


async def synced(work: Callable[P, T], *what: P.args, **more: P.kwargs) -> T:
    """What `work` returns or raises, once it has waited for the disk."""
    return await asyncio.get_running_loop().run_in_executor(_syncing, lambda: work(*what, **more))


def quick() -> ThreadPoolExecutor:
    """For an event loop to use by default."""
    return ThreadPoolExecutor(QUICK_THREADS, "quick")
