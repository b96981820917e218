"""Whether a sound file ends where its header says it does. Read-only, by descriptor; for `foreign`.

ffmpeg believes a header that promises less than there is, and says nothing of one that promises more.
"""

import os
import struct
from typing import Literal

Ending = Literal["whole", "cut", "open"]
"""`cut`: before its promised end. `open`: its recorder died before it wrote the length, and the sound goes on."""

_WAV_UNKNOWN = {0, 0xFFFF_FFFF}
_WAV_FIRST_CHUNK = 12
_CHUNK = struct.Struct("<4sI")
_MOST_CHUNKS = 100
_RF64_HEAD_BYTES = 36

_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_SIZE_AT = 40
_ASF_HEAD_BYTES = 1 << 16


def ending_of(descriptor: int) -> Ending:
    """How a WAV, RF64 or ASF (WMA) file ends; `whole` for every other."""
    size = os.fstat(descriptor).st_size
    head = os.pread(descriptor, _ASF_HEAD_BYTES, 0).ljust(_RF64_HEAD_BYTES, b"\0")
    if head.startswith(_ASF):
        return _asf(head, size)
    if head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE":
        return _wav(descriptor, head, size)
    return "whole"


def _asf(head: bytes, size: int) -> Ending:
    at = head.find(_ASF_PROPERTIES) + _ASF_SIZE_AT
    if at < _ASF_SIZE_AT or len(head) < at + 8:
        return "whole"
    return "cut" if struct.unpack_from("<Q", head, at)[0] > size else "whole"


def _wav(descriptor: int, head: bytes, size: int) -> Ending:
    at = _WAV_FIRST_CHUNK
    for _ in range(_MOST_CHUNKS):
        chunk = os.pread(descriptor, _CHUNK.size, at)
        if len(chunk) < _CHUNK.size:
            return "cut"
        name, length = _CHUNK.unpack(chunk)
        at += _CHUNK.size
        if name == b"data":
            is_rf64 = head[:4] == b"RF64" and length in _WAV_UNKNOWN
            return _data(descriptor, at, struct.unpack_from("<Q", head, 28)[0] if is_rf64 else length, size)
        at += length + length % 2
    return "whole"


def _data(descriptor: int, start: int, length: int, size: int) -> Ending:
    if length in _WAV_UNKNOWN:
        return "open" if size > start else "whole"
    if start + length > size:
        return "cut"
    next_chunk = os.pread(descriptor, _CHUNK.size, start + length + length % 2)
    is_name = next_chunk[:4].isascii() and next_chunk[:4].decode("ascii").isprintable()
    return "whole" if len(next_chunk) < _CHUNK.size or is_name else "open"
