"""Checkers of the join phase see through a coordinator that moved: the bugs they are there for."""

import pytest

from rebalance.simulation.fuzz import play
from tests.mutations.catalogue import MUTATIONS

STORY = """
set group.initial.rebalance.delay.ms=3000
brokers 3
topic orders partitions=4
members A B C group=g topics=orders assignors=range
start A
run for 10ms
move g to 3
run for 500ms
start B
run until stable within 60s
start C
crash C on MEMBER_ID_REQUIRED
run for 20ms
rejoin A reason="a user's wish"
run for 60s
"""


@pytest.mark.parametrize(
    ("mutation", "signature"),
    [
        ("pending_id_is_not_waited_for", "G04 NobodyLeftOut begun without"),
        ("pending_id_never_expires", "H06 NothingPendingAtRest "),
    ],
)
def test_g04_and_h06_hold_after_a_move_and_what_breaks_them_is_found(
    mutation: str, signature: str
) -> None:
    assert play(STORY).failures == ()
    with MUTATIONS[mutation]():
        assert play(STORY).signature == signature
