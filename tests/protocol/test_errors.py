"""Error codes are Kafka's, by another hand's list."""

from kio.schema.errors import ErrorCode as KioErrorCode

from rebalance.protocol.errors import RETRIABLE, ErrorCode


def test_names_and_numbers_are_those_of_kio() -> None:
    ours = {error.name.lower(): error.value for error in ErrorCode}
    theirs = {error.name: error.value for error in KioErrorCode}
    shared = ours.keys() & theirs.keys()
    assert {name: ours[name] for name in shared} == {name: theirs[name] for name in shared}
    assert set(theirs.values()) <= set(ours.values())


def test_numbers_have_no_gap() -> None:
    assert [error.value for error in ErrorCode] == list(range(-1, len(ErrorCode) - 1))


def test_retriable_is_what_kio_says() -> None:
    theirs = {error.value for error in KioErrorCode if error.retriable}
    known = {error.value for error in KioErrorCode}
    assert {error.value for error in RETRIABLE} & known == theirs
