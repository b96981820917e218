"""Who may use the page: hosts, origins, launch tokens, sessions, the PIN. Tables, no sockets."""

import pytest

from exam.clock import NS_PER_S
from exam.localpage.access import Sessions, Tickets, cookie_name, is_our_host, is_our_origin
from station.web.listening import Listening
from station.web.pin import Pin

HERE = ("127.0.0.1", 8265)


@pytest.mark.parametrize(
    ("told", "address", "configured", "ours"),
    [
        ("127.0.0.1:8265", HERE, "127.0.0.1", True),
        ("localhost:8265", HERE, "127.0.0.1", True),
        ("LocalHost:8265", HERE, "127.0.0.1", True),
        ("[::1]:8265", ("::1", 8265), "::1", True),
        ("pc265.school:8265", ("10.0.0.5", 8265), "pc265.school", True),
        ("10.0.0.5:8265", ("10.0.0.5", 8265), "0.0.0.0", True),  # noqa: S104
        ("127.0.0.1", HERE, "127.0.0.1", False),
        ("127.0.0.1:80", HERE, "127.0.0.1", False),
        ("127.0.0.1:08265", HERE, "127.0.0.1", False),
        ("127.0.0.2:8265", HERE, "127.0.0.1", False),
        ("evil.example:8265", HERE, "127.0.0.1", False),
        ("localhost.evil.example:8265", HERE, "127.0.0.1", False),
        ("127.0.0.1:8265@evil.example:8265", HERE, "127.0.0.1", False),
        ("localhost:8265", ("10.0.0.5", 8265), "0.0.0.0", False),  # noqa: S104
        ("10.0.0.6:8265", ("10.0.0.5", 8265), "0.0.0.0", False),  # noqa: S104
        ("", HERE, "127.0.0.1", False),
        (":8265", HERE, "127.0.0.1", False),
    ],
)
def test_only_this_servers_own_names_are_hosts(
    told: str, address: tuple[str, int], configured: str, ours: bool
) -> None:
    assert is_our_host(told, address, configured) is ours


@pytest.mark.parametrize(
    ("origin", "ours"),
    [
        ("http://127.0.0.1:8265", True),
        ("http://localhost:8265", False),
        ("https://127.0.0.1:8265", False),
        ("http://127.0.0.1:8266", False),
        ("http://127.0.0.1:8265.evil.example", False),
        ("null", False),
        ("", False),
        (None, False),
    ],
)
def test_only_the_very_page_that_is_asked_is_an_origin(origin: str | None, ours: bool) -> None:
    assert is_our_origin(origin, "127.0.0.1:8265") is ours


def test_a_launch_token_lets_in_once_and_soon() -> None:
    tickets = Tickets()
    token = tickets.issue(0)
    assert not tickets.take(token[:-1], NS_PER_S)
    assert not tickets.take("", NS_PER_S)
    assert tickets.take(token, NS_PER_S)
    assert not tickets.take(token, NS_PER_S)
    late, revoked = tickets.issue(0), tickets.issue(0)
    tickets.revoke(revoked)
    assert not tickets.take(revoked, NS_PER_S)
    assert not tickets.take(late, 600 * NS_PER_S)


def test_very_many_tokens_do_not_add_up() -> None:
    tickets = Tickets()
    tokens = [tickets.issue(0) for _ in range(100)]
    assert [tickets.take(token, 1) for token in (tokens[0], tokens[-1])] == [False, True]


def test_a_session_outlives_the_process_but_its_cookie_is_not_kept() -> None:
    sessions = Sessions()
    cookie = sessions.open()
    again = Sessions(sessions.hashes)
    assert again.knows(cookie)
    assert not again.knows(cookie + "x")
    assert not again.knows(None)
    assert not any(again.knows(hashed) for hashed in again.hashes)
    for _ in range(16):
        again.open()
    assert not again.knows(cookie)


def test_rooms_of_one_computer_have_cookies_of_their_own() -> None:
    names = {cookie_name("station", "701020", room) for room in ("265", "12а", "12a")}
    assert len(names) == 3
    assert all(name.isascii() and name.isidentifier() for name in names)


def test_a_guessed_pin_is_slowed_and_the_right_one_never_lost() -> None:
    pin, now = Pin("4711"), 0
    tried = []
    for guess in range(10):
        tried.append(pin.try_(str(guess), now))
        now += NS_PER_S // 10
    assert tried[:4] == ["wrong", "wrong", "wrong", "wait"]
    assert tried.count("wrong") == 3
    assert pin.try_("4711", now) == "wait"
    assert pin.wait_s(now) == 1
    assert pin.try_("4711", now + NS_PER_S) == "right"
    assert pin.try_("0", now + NS_PER_S) == "wrong"  # the tries before are forgiven


def test_waits_grow_to_a_minute_and_no_further() -> None:
    pin, now, waits = Pin("4711"), 0, []
    for _ in range(40):
        assert pin.try_("0", now) == "wrong"
        waits.append(pin.wait_s(now))
        now += waits[-1] * NS_PER_S
    assert waits[:6] == [0, 0, 1, 2, 4, 8]
    assert max(waits) == waits[-1] == 60


def test_without_a_pin_none_is_asked_for() -> None:
    assert Pin(None).try_("", 0) == "right"


@pytest.mark.parametrize(
    ("ranges", "seconds"),
    [
        ([(0, 10), (10, 12)], 12.0),
        ([(0, 10), (2, 5), (1, 9)], 10.0),
        ([(50, 60), (0, 10)], 20.0),
        ([(-5, 3), (55, 900)], 8.0),
        ([(7, 7), (9, 4)], 0.0),
        ([], 0.0),
    ],
)
def test_heard_is_what_was_played_and_no_second_twice(ranges: list[tuple[float, float]], seconds: float) -> None:
    listening = Listening()
    for each in ranges:
        listening.add("a", [each], 60.0)
    assert listening.seconds("a") == seconds
    assert listening.seconds("b") == 0.0
    assert "b" not in listening.played
