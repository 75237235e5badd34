"""The judge counts no mutation that raises, and none that changes nothing."""

from rebalance.coordinator import heartbeat
from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.protocol.errors import ErrorCode
from tests.mutations.judge import judge
from tests.mutations.mutation import Mutation, Patch, room

MADE: list[Mutation] = []
mutation = room("coordinator", MADE)


@mutation()
def heartbeat_raises(patch: Patch) -> None:
    """H01: nobody may heartbeat."""

    def refusal(group: ClassicGroup, request: object) -> ErrorCode | None:
        raise TypeError(f"no {group.group_id} and no {type(request).__name__}")

    patch(heartbeat, "_refusal", refusal)


@mutation()
def nothing_is_changed(patch: Patch) -> None:
    """H01: what is refused is refused."""

    def refusal(group: ClassicGroup, request: object) -> ErrorCode | None:
        error: ErrorCode | None = real(group, request)
        return error

    real = patch(heartbeat, "_refusal", refusal)


def test_one_that_raises_is_refused() -> None:
    verdict = judge(MADE[0], (0,))
    assert verdict.refused == "raises: TypeError: no g and no HeartbeatRequest"


def test_one_that_changes_nothing_is_refused() -> None:
    verdict = judge(MADE[1], (0, 1))
    assert verdict.refused == "changes nothing in 2 seeds"
    assert verdict.acted == 0
    assert not verdict.found
