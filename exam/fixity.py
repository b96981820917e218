"""Fixity: proof by SHA-256 that bytes are the bytes they were."""

import hashlib
from io import FileIO
from pathlib import Path


def sha256_of(source: Path | FileIO) -> str:
    """SHA-256 of a whole file, from its start, as 64 lower-case hexadecimal digits; read in blocks."""
    if isinstance(source, Path):
        with source.open("rb", buffering=0) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    source.seek(0)
    return hashlib.file_digest(source, "sha256").hexdigest()
