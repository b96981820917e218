"""Others' tokens, guessed addresses, odd names, secrets in places where others read: nothing is given away."""

import secrets
from pathlib import Path

import pytest
from exchange_peers import Client, Served, encoded, sha256
from school import School, Target, noise, wait_for

from sync.exchange.accounts import add_school
from sync.exchange.packages import packages


@pytest.fixture
def other(client: Client) -> Client:
    """Another school of the same exchange."""
    return Client(client.served, add_school(client.served.folder, "701099"))


def everything_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class TestAnotherSchool:
    def test_cannot_tell_an_upload_of_ours_from_none(self, client: Client, other: Client) -> None:
        ours = client.create(5, filename="x").headers["Location"]
        guessed = f"/files/{secrets.token_urlsafe(24)}"
        body = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        for method in ("HEAD", "PATCH", "DELETE"):
            there, nowhere = (other.ask(method, path, body, data=b"abcde") for path in (ours, guessed))
            assert (there.status_code, there.text) == (nowhere.status_code, nowhere.text)
            assert there.status_code == 404
        assert client.offset(ours) == 0

    def test_cannot_tell_a_file_of_ours_from_none(self, client: Client, other: Client) -> None:
        client.upload(b"ours", filename="x")
        assert client.receipt(sha256(b"ours"))
        there, nowhere = (other.ask("GET", f"/receipts/{sha256(content)}") for content in (b"ours", b"no one's"))
        assert (there.status_code, there.text) == (nowhere.status_code, nowhere.text)
        assert there.status_code == 404

    def test_cannot_write_among_ours(self, client: Client, other: Client) -> None:
        other.upload(b"theirs", filename="x", folder="2026-02-11_265", school="701020")
        assert other.receipt(sha256(b"theirs"))
        assert [one.school for one in packages(client.served.folder)] == ["701099"]
        assert not (client.served.folder / "schools" / "701020").exists()


class TestGuessedAddresses:
    def test_an_address_cannot_be_guessed(self, client: Client) -> None:
        ids = {client.create(1, filename="x").headers["Location"].rpartition("/")[2] for _ in range(20)}
        assert len(ids) == 20
        assert all(len(one) == 32 for one in ids), "192 random bits"

    @pytest.mark.parametrize(
        "guess",
        [
            "1",
            "..",
            "%2e%2e",
            "../../server.key",
            "..%2fserver.key",
            "a/b",
            "%00",
            "x" * 5000,
            "'; DROP TABLE upload;--",
        ],
    )
    def test_what_was_never_given_finds_nothing(self, client: Client, guess: str) -> None:
        before = everything_in(client.served.folder)
        for method in ("HEAD", "PATCH", "DELETE", "GET"):
            body = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
            assert client.ask(method, f"/files/{guess}", body, data=b"x").status_code in {400, 404, 405}
        after = everything_in(client.served.folder)
        assert after.keys() == before.keys()
        assert client.create(1, filename="x").status_code == 201


class TestMetadata:
    @pytest.mark.parametrize("key", ["filename", "folder"])
    @pytest.mark.parametrize(
        "name",
        [".hidden", ".", "a/../b", "line\nend", "\ttab", "a\x7f", "gpj.\u202eexe", "zero\u200bwidth", "\ufeffmark",
         "\u2028", "\ud800".encode("utf-8", "surrogatepass"), "я" * 128, "..\\..\\x"],
    )  # fmt: skip
    def test_odd_names_are_refused_and_nothing_is_written(self, client: Client, key: str, name: str | bytes) -> None:
        answer = client.create(5, **({"filename": "x"} | {key: name}))
        assert answer.status_code == 400
        assert answer.headers["X-Error-Code"] in {"bad_name", "bad_metadata"}
        assert not (client.served.folder / "incoming").exists()

    @pytest.mark.parametrize(
        "name", ["%2e%2e%2fx", "~", "-rf", "CON", "x.json~", "é", "e\u0301", "я" * 127, "a b;c|d&$(e)"]
    )
    def test_lawful_names_arrive_letter_for_letter(self, client: Client, name: str) -> None:
        client.upload(b"content", filename=name, folder="2026-02-11_265")
        assert client.receipt(sha256(b"content"))
        home = client.served.folder / "schools" / "701020" / "2026-02-11_265"
        assert [path.name for path in home.iterdir()] == [name]

    @pytest.mark.parametrize("size", [6_200, 9_000])
    def test_too_much_is_refused_before_anything_is_written(self, client: Client, size: int) -> None:
        answer = client.ask("POST", "/files", {"Upload-Length": "1", "Upload-Metadata": encoded({"note": "x" * size})})
        assert answer.status_code in {400, 431}
        assert not (client.served.folder / "incoming").exists()


def test_a_link_laid_in_the_way_is_not_followed(client: Client, tmp_path: Path) -> None:
    """Somebody with access to the disk; still nothing of theirs is overwritten."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"theirs")
    home = client.served.folder / "schools" / "701020" / "other"
    home.mkdir(parents=True)
    (home / "x").symlink_to(victim)
    client.upload(b"ours", filename="x")
    assert client.receipt(sha256(b"ours"))
    assert victim.read_bytes() == b"theirs"


def test_tokens_stand_in_no_log_no_argument_no_url_and_no_register(
    served: Served, token: str, client: Client, tmp_path: Path
) -> None:
    school = School(tmp_path / "school")
    school.base.mkdir()
    school.record("Иванов И", noise(3_000_000))
    school.send_to(Target(int(served.url.rpartition(":")[2]), served.folder, token))
    agent, seen = school.start("run"), list[bytes]()
    try:
        wait_for(lambda: not seen.extend(command_lines()) and len(packages(served.folder)) == 2)  # type: ignore[func-returns-value]
    finally:
        agent.terminate()
        said = "".join(agent.communicate())
    wrong = Client(served, token[:-1] + "!")
    assert wrong.create(1, filename="x").status_code == 401
    assert client.ask("GET", f"/nowhere?token={token[:5]}").status_code == 404
    assert client.create(1, filename="../x").status_code == 400
    assert any(b"sync.cli" in line for line in seen), "the agent was seen"
    needle = token.encode()
    assert not any(needle in line for line in seen)
    assert token not in said
    assert token[:-1] not in served.log
    assert token[:5] not in served.log, "nor what stands in a URL"
    kept = everything_in(served.folder) | everything_in(school.state)
    assert not [name for name, content in kept.items() if needle in content]


def command_lines() -> list[bytes]:
    """Of every process there is, with its environment left out: others cannot read that."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes())
        except OSError:
            continue  # ended meanwhile
    return found
