"""Finding the coordinator."""

import pytest

from rebalance.member import events as e
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.requests import FindCoordinatorRequest
from rebalance.protocol.responses import FindCoordinatorResponse
from rebalance.protocol.states import MemberState
from tests.member.hand import Hand, kinds


def looking(**settings: int) -> Hand:
    """A member that asked for its coordinator."""
    hand = Hand(**settings)
    hand.tell(e.Subscribe(topics=("t",)))
    return hand


def test_any_broker_is_asked() -> None:
    send = looking().last(e.Send)
    assert (send.to, send.node_id) == (e.Destination.ANY, -1)
    assert send.request == FindCoordinatorRequest(group_id="g")


@pytest.mark.parametrize(
    "error",
    [
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
        ErrorCode.NETWORK_EXCEPTION,
        None,
    ],
)
def test_it_is_asked_again_with_a_growing_pause(error: ErrorCode | None) -> None:
    hand = looking()
    for pause in (100, 200, 400, 800, 1000, 1000):
        if error is None:
            hand.no_answer(FindCoordinatorRequest)
        else:
            hand.lookup_refused(error)
        assert kinds(hand.wait(pause - 1)) == []
        assert kinds(hand.wait(1)) == ["FindCoordinator"]
    hand.found()
    assert hand.member.state is MemberState.JOINING


def test_a_node_that_cannot_be_is_no_answer() -> None:
    hand = looking()
    hand.answer(FindCoordinatorRequest, FindCoordinatorResponse(node_id=-1))
    assert hand.member.coordinator is None
    assert kinds(hand.wait(100)) == ["FindCoordinator"]


@pytest.mark.parametrize(
    "error", [ErrorCode.GROUP_AUTHORIZATION_FAILED, ErrorCode.INVALID_GROUP_ID]
)
def test_what_cannot_get_better_is_fatal(error: ErrorCode) -> None:
    hand = looking()
    hand.lookup_refused(error)
    assert hand.last(e.Failed).code is error
    assert hand.member.next_deadline() is None


def test_a_lookup_without_answer_is_tried_again() -> None:
    hand = looking(request_timeout_ms=500)
    hand.wait(500)
    assert kinds(hand.wait(100)) == ["FindCoordinator"]
