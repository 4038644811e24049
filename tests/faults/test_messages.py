"""COMMIT is seen however it is sent, and in however small pieces; only where there is something to lose."""

from __future__ import annotations

import pytest

from tests.faults.messages import Commits

STARTUP = (8).to_bytes(4) + (196_608).to_bytes(4)


def message(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4) + body


def query(text: str) -> bytes:
    return message(b"Q", text.encode() + b"\0")


def prepared(text: str, name: bytes = b"s") -> bytes:
    """Parsed, bound to the unnamed portal, executed."""
    parse = message(b"P", name + b"\0" + text.encode() + b"\0" + bytes(2))
    return parse + again(name)


def again(name: bytes = b"s") -> bytes:
    return message(b"B", b"\0" + name + b"\0" + bytes(6)) + message(b"E", b"\0" + bytes(4))


def commits(stream: bytes, size: int) -> list[bytes]:
    """The messages taken for a COMMIT, where the stream arrives in pieces of this size; whatever they
    are, nothing may be lost or changed on the way."""
    watched = Commits()
    passed, found = b"", []
    for start in range(0, len(stream), size):
        for part, commit in watched.sent(stream[start : start + size]):
            passed += part
            found += [part] * commit
    assert passed == stream
    return found


BEGIN, INSERT, READ = "BEGIN", "INSERT INTO entry SELECT 1", "SELECT 1"


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize(
    ("stream", "number"),
    [
        (query(BEGIN) + query(INSERT) + query("COMMIT"), 1),
        (query(BEGIN) + prepared(INSERT) + message(b"S", b"") + query("COMMIT"), 1),
        (query(BEGIN) + prepared(INSERT) + prepared("commit", b""), 1),
        (query(BEGIN) + query(READ) + query("COMMIT"), 0),
        (query(BEGIN) + query(INSERT) + query("ROLLBACK") + query(BEGIN) + query("COMMIT"), 0),
        (query(BEGIN) + prepared(INSERT) + query("COMMIT") + query(BEGIN) + query("COMMIT"), 1),
        (prepared(INSERT) + query("COMMIT") + query(BEGIN) + again() + query("COMMIT"), 2),
    ],
)
def test_commits_are_seen(stream: bytes, number: int, size: int) -> None:
    assert len(commits(STARTUP + stream, size)) == number


def test_the_answer_is_heard() -> None:
    watched = Commits()
    assert not watched.heard(message(b"C", b"INSERT 0 1\0") + message(b"C", b"COMMIT\0")[:4])
    assert watched.heard(message(b"C", b"COMMIT\0")[4:])
