"""Which protocol a generation uses (G07)."""

import pytest

from rebalance.protocol.java_hash import java_hash
from tests.coordinator.support import Bench, offers

RANGE, ROUND, STICKY, COOP = "range", "roundrobin", "sticky", "cooperative-sticky"


@pytest.mark.parametrize(
    ("lists", "chosen"),
    [
        ([[RANGE]], RANGE),
        ([[COOP, RANGE]], COOP),
        ([[COOP, RANGE], [RANGE]], RANGE),
        ([[RANGE, COOP], [COOP, RANGE], [COOP, RANGE]], COOP),
        ([[ROUND, STICKY, RANGE], [RANGE, ROUND, STICKY], [STICKY, ROUND, RANGE]], STICKY),
        ([[RANGE, STICKY], [STICKY, RANGE]], STICKY),
        ([[STICKY, RANGE], [RANGE, STICKY]], STICKY),
        ([[ROUND, RANGE], [RANGE, ROUND]], RANGE),
        ([[COOP, ROUND], [ROUND, COOP]], ROUND),
        ([[COOP, RANGE], [RANGE, COOP]], RANGE),
        ([["x", RANGE, COOP], ["x", COOP, RANGE], [COOP, RANGE]], COOP),
        ([["x", COOP, RANGE], ["y", RANGE, COOP]], RANGE),
    ],
)
def test_g07_most_votes_win_and_ties_go_as_in_java(lists: list[list[str]], chosen: str) -> None:
    bench = Bench()
    for number, names in enumerate(lists):
        bench.enter(f"M{number}", version=3, protocols=offers(*names))
    bench.advance()
    assert bench.group.protocol_name == chosen


@pytest.mark.parametrize(("name", "bucket"), [(STICKY, 8), (RANGE, 9), (ROUND, 10), (COOP, 15)])
def test_g07_buckets_of_the_built_in_names(name: str, bucket: int) -> None:
    code = java_hash(name) & 0xFFFFFFFF
    assert (code ^ (code >> 16)) & 15 == bucket


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", 0),
        ("a", 97),
        ("hello", 99162322),
        ("polygenelubricants", -(2**31)),
        ("Aa", 2112),
        ("BB", 2112),
        ("ä", 228),
        ("😀", 1772899),
    ],
)
def test_g07_string_hash_code(text: str, code: int) -> None:
    assert java_hash(text) == code


def test_g07_with_many_candidates_the_table_grows_as_javas_does() -> None:
    names = [f"n{number}" for number in range(13)]
    bench = Bench()
    for number in range(13):
        bench.enter(f"M{number}", version=3, protocols=offers(*names[number:], *names[:number]))
    bench.advance()

    def bucket(name: str) -> int:
        code = java_hash(name) & 0xFFFFFFFF
        return (code ^ (code >> 16)) & 31

    assert bench.group.protocol_name == min(names, key=bucket)


def test_g07_what_a_member_stops_offering_is_no_candidate() -> None:
    bench = Bench()
    bench.stable("A", "B", protocols=offers(COOP, RANGE))
    bench.join("B", protocols=offers(RANGE))
    token = bench.join("A", protocols=offers(COOP, RANGE))
    assert bench.join_answer(token).protocol_name == RANGE
