"""A service runs for weeks: a password, token or key that somebody replaces serves at once, without a restart."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from dav_impostor import impostor
from far_sftp import make_key, openssh
from msgspec import structs

from exam.errors import ConfigError, Fatal
from sync import config
from sync.plan import Item
from sync.transports import Transport
from sync.transports.building import build

ITEM = Item("2026-02-11_265/Иванов И.mp3", "participant", "a" * 64, 1000)


def transport(base: Path, *target: str) -> Transport:
    path = base / "sync.toml"
    path.write_text('[school]\ncode = "701020"\n[target]\n' + "\n".join(target) + "\n")
    return build(config.load(path))


def secret(path: Path, text: str) -> None:
    path.write_text(text, newline="")
    path.chmod(0o600)


def basic(words: str) -> str:
    return "Basic " + base64.b64encode(words.encode()).decode()


@pytest.mark.parametrize(
    ("target", "first", "second", "shown"),
    [
        (('kind = "webdav"', 'token_file = "secret"'), "one", "two", lambda word: f"Bearer {word}"),
        (
            ('kind = "webdav"', 'user = "school"', 'password_file = "secret"'),
            "one", "two", lambda word: basic(f"school:{word}"),
        ),
        (
            ('kind = "webdav"', 'user = "Школа 5"', 'password_file = "secret"'),
            " мой пароль\r\n", "\ufeffещё один ", lambda line: basic("Школа 5:" + line.strip("\ufeff\r\n")),
        ),
        (
            ('kind = "s3"', 'bucket = "b"', 'credentials_file = "secret"'),
            "one x", "two y", lambda words: f"Credential={words.split()[0]}/",
        ),
    ],
    ids=["token", "password", "any-password", "keys"],
)  # fmt: skip
def test_over_http(
    tmp_path: Path, target: tuple[str, ...], first: str, second: str, shown: Callable[[str], str]
) -> None:
    secret(tmp_path / "secret", first)
    with impostor() as server:
        server.files["/b/"] = b""  # a bucket that is there, to whoever asks
        opened = transport(tmp_path, *target, f'url = "{server.url}"')
        for number, words in enumerate((first, second)):
            secret(tmp_path / "secret", words)
            server.secrets.clear()
            opened.create(structs.replace(ITEM, path=f"{number}/Иванов И.mp3"))
            assert server.secrets
            assert all(shown(words) in told for told in server.secrets)
        (tmp_path / "secret").unlink()
        with pytest.raises(ConfigError, match="secret"):
            opened.create(ITEM)


def test_over_ssh(tmp_path: Path) -> None:
    with openssh(tmp_path) as server:
        right = server.key_file.rename(tmp_path / "right")
        make_key(server.key_file)
        told = f'url = "{server.url()}"', f'user = "{server.user}"', 'key_file = "our_key"'
        opened = transport(tmp_path, 'kind = "sftp"', *told)
        with pytest.raises(Fatal, match="key_file"):
            opened.create(ITEM)
        right.rename(server.key_file)
        assert opened.create(ITEM).offset == 0
        opened.close()
