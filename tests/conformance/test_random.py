"""Random conversations: several people, some of them misbehaving, and both brokers answer alike."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.conformance.acts import drawn
from tests.conformance.campaign import Outcome
from tests.conformance.shrinking import shrunk
from tests.support.requirements import REQUIRE_VARIABLE

CHUNK = 100
CHUNKS = 20 if os.environ.get(REQUIRE_VARIABLE) == "all" else 3
"""All of them in CI; `python -m tests.conformance` plays as many as it is told."""


@pytest.mark.parametrize(
    "seeds", [range(first, first + CHUNK) for first in range(0, CHUNKS * CHUNK, CHUNK)], ids=str
)
def test_random_conversations(campaigned: Callable[[range], Outcome], seeds: range) -> None:
    outcome = campaigned(seeds)
    assert not outcome.differences, "\n\n".join(outcome.differences)
    assert outcome.conversations == CHUNK
    assert _seen(outcome.answers) >= {
        ("join_group", "NONE"),
        ("join_group", "MEMBER_ID_REQUIRED"),
        ("join_group", "UNKNOWN_MEMBER_ID"),
        ("join_group", "FENCED_INSTANCE_ID"),
        ("join_group", "INCONSISTENT_GROUP_PROTOCOL"),
        ("sync_group", "NONE"),
        ("sync_group", "ILLEGAL_GENERATION"),
        ("sync_group", "REBALANCE_IN_PROGRESS"),
        ("heartbeat", "NONE"),
        ("heartbeat", "REBALANCE_IN_PROGRESS"),
        ("leave_group", "NONE"),
        ("leave_group", "UNKNOWN_MEMBER_ID"),
        ("offset_commit", "NONE"),
        ("offset_commit", "REBALANCE_IN_PROGRESS"),
    }, "what the conversations are for"


def _seen(answers: dict[tuple[str, str], int]) -> set[tuple[str, str]]:
    return {(api.partition(" ")[0], error) for api, error in answers}


def test_a_seed_gives_the_same_conversation() -> None:
    assert drawn(5) == drawn(5)
    assert len({drawn(seed) for seed in range(50)}) == 50


def test_a_difference_is_made_as_small_as_it_can_be() -> None:
    conversation = drawn(1)
    one, two = conversation.acts[3], conversation.acts[11]

    def differs(smaller: object) -> bool:
        acts = smaller.acts  # type: ignore[attr-defined]
        return one in acts and two in acts

    assert shrunk(conversation, differs).acts == (one, two)
