"""What a room's computer and the exchange say to each other to be paired. Pure.

Spoken over TLS to the certificate that the invitation names; the computer makes its token itself, so that a lost answer
is asked for again and never a second token made.
"""

from typing import Annotated

from msgspec import Meta, Struct

PATH = "/pair"
MAX_BYTES = 4096
"""Of the question, and of the answer, as JSON."""
TOKEN_BYTES = 32

Word = Annotated[str, Meta(max_length=80)]


class Asked(Struct, frozen=True, kw_only=True):
    """`secret`: the invitation's; `token`: that is to be valid from now on; `school`: whose the computer's settings say
    it is, if they do; `room`: empty to take the invitation's."""

    secret: bytes
    token: Annotated[str, Meta(min_length=40, max_length=80, pattern="^[A-Za-z0-9_-]+$")]
    school: Word | None = None
    room: Word = ""
    computer: Annotated[str, Meta(min_length=1, max_length=80)]


class Given(Struct, frozen=True):
    """Whose computer it is now; `number`: its token's at the exchange; `key`: which signs receipts (base64)."""

    school: str
    room: str
    number: int
    key: str
