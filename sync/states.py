"""The way of one item as a table: from each state, those it may be left for. Pure.

    seen -> settled -> hashed -> creating -> uploading -> uploaded -> verifying -> delivered
                          |                                  |
                          +--- packed by `sync.handing` --->  +--> handed_over

Back to `hashed`: the far end no longer has the upload. Back from `delivered`: the receipt is gone or no longer good,
and is asked for again. A step that failed goes aside (`waiting`, `needs_human`) and returns to where it was.
"""

from collections.abc import Mapping

from sync.model import ItemState

S = ItemState

WORKING = frozenset({S.HASHED, S.CREATING, S.UPLOADING, S.UPLOADED, S.VERIFYING})
"""States in which something is done; an item that went aside from one of them returns to it."""
ASIDE = frozenset({S.WAITING, S.NEEDS_HUMAN})
REFUSED = frozenset({S.CHANGED, S.QUARANTINED})
"""Left alone until the file changes, or the agent begins a new life."""
ARRIVED = frozenset({S.UPLOADED, S.VERIFYING, S.DELIVERED, S.HANDED_OVER})
DONE = frozenset({S.DELIVERED, S.HANDED_OVER})

_FROM_ANY = ASIDE | REFUSED

TRANSITIONS: Mapping[ItemState, frozenset[ItemState]] = {
    S.SEEN: REFUSED | {S.SETTLED},
    S.SETTLED: REFUSED | {S.SEEN, S.HASHED},
    S.HASHED: _FROM_ANY | {S.SEEN, S.CREATING, S.UPLOADED},
    S.CREATING: _FROM_ANY | {S.HASHED, S.UPLOADING},
    S.UPLOADING: _FROM_ANY | {S.HASHED, S.UPLOADED},
    S.UPLOADED: _FROM_ANY | {S.HASHED, S.VERIFYING, S.DELIVERED, S.HANDED_OVER},
    S.VERIFYING: _FROM_ANY | {S.HASHED, S.UPLOADED, S.DELIVERED},
    S.DELIVERED: frozenset({S.UPLOADED}),
    S.HANDED_OVER: frozenset({S.UPLOADED}),
    S.WAITING: WORKING | REFUSED | {S.NEEDS_HUMAN},
    S.NEEDS_HUMAN: WORKING | REFUSED | {S.WAITING},
    S.CHANGED: frozenset({S.SEEN, S.HASHED, S.QUARANTINED}),
    S.QUARANTINED: frozenset({S.SEEN, S.HASHED, S.CHANGED}),
}
