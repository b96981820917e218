"""A file on its way is hashed from the descriptor it is read from; its last byte waits for the hash."""

from pathlib import Path

import pytest
from school import noise, sha256

from exam.errors import Rejected
from sync.source import HASH_FIRST_BYTES, Changed, Source


def read(source: Source, first: int = 0) -> bytes:
    return b"".join(bytes(block) for block in source.blocks(first, source.size, 1000))


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 3_000_000])
def test_the_bytes_are_the_files(tmp_path: Path, size: int) -> None:
    content = noise(size)
    path = tmp_path / "a"
    path.write_bytes(content)
    with Source(path, size, sha256(content)) as source:
        assert read(source) == content
        assert read(source, size // 2) == content[size // 2 :]


def test_a_small_wrong_file_gives_not_one_byte(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(noise(1000))
    with pytest.raises(Changed), Source(path, 1000, "0" * 64):
        pytest.fail("entered")


def test_a_large_wrong_file_never_gives_its_end(tmp_path: Path) -> None:
    size = HASH_FIRST_BYTES + 1
    path = tmp_path / "a"
    path.write_bytes(noise(size))
    given = 0
    with Source(path, size, "0" * 64) as source, pytest.raises(Changed):  # noqa: PT012 - counts until it raises
        for block in source.blocks(0, size):
            given += len(block)
    assert given < size


def test_a_file_written_to_while_it_is_sent_is_noticed(tmp_path: Path) -> None:
    size = HASH_FIRST_BYTES + 1
    content = noise(size)
    path = tmp_path / "a"
    path.write_bytes(content)
    with Source(path, size, sha256(content)) as source:
        source.prove()
        with path.open("r+b") as file:
            file.write(b"x")
        with pytest.raises(Changed):
            read(source, size - 10)


def test_what_is_not_a_readable_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "a").write_bytes(b"")
    for path in (tmp_path / "missing", tmp_path / "link", tmp_path):
        with pytest.raises(Rejected):
            Source(path, 0, "")
