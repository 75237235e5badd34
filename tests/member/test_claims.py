"""M01, M02: what an eager member held reaches the leader's assignor, unless it was lost or left."""

from collections.abc import Mapping

from assignors.codec import encode_sticky_user_data
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from rebalance.member import events as e
from rebalance.protocol.errors import ErrorCode
from rebalance.protocol.states import MemberState
from tests.member.hand import Hand, parts


class Own:
    """An author's assignor: a name and `assign`, so it is eager and sends nothing by itself."""

    name = "own"

    def assign(
        self, cluster: ClusterMetadata, members: Mapping[str, Subscription]
    ) -> GroupAssignment:
        raise AssertionError("the member never runs the assignor itself")


def rebalanced(hand: Hand) -> Hand:
    """It has committed and revoked everything, and its JoinGroup is out."""
    hand.rebalances()
    hand.positions()
    hand.committed()
    hand.done(e.Revoke)
    assert hand.member.state is MemberState.JOINING
    return hand


def test_m01_an_eager_member_says_what_it_held() -> None:
    hand = rebalanced(Hand([Own()]).stable(0, 1))
    claims = hand.claims()
    assert not claims.owned
    assert claims.user_data == encode_sticky_user_data(parts(0, 1), 1)


def test_m01_the_leaders_assignor_finds_it_as_owned() -> None:
    hand = rebalanced(Hand([Own()]).stable(0, 1))
    theirs = encode_sticky_user_data(parts(2), 1)
    hand.joined(
        leads={
            "m-1": hand.claims(),
            "m-2": Subscription(topics=("t",), generation_id=1, user_data=theirs),
            "m-3": Subscription(topics=("t",), user_data=b"\xff"),
        }
    )
    hand.metadata(t=3)
    seen = hand.last(e.RunAssignor).members
    assert {m: (each.owned, each.generation_id) for m, each in seen.items()} == {
        "m-1": (parts(0, 1), 1),
        "m-2": (parts(2), 1),
        "m-3": (PartitionSet(), -1),
    }


def test_m02_what_was_lost_is_not_claimed() -> None:
    hand = Hand([Own()]).stable(0, 1)
    hand.wait(3000)
    hand.beat(ErrorCode.UNKNOWN_MEMBER_ID)
    hand.done(e.Lose)
    assert hand.claims().user_data is None


def test_m02_nor_what_it_held_before_it_left() -> None:
    hand = Hand([Own()], enable_auto_commit=False).stable(0, 1)
    hand.tell(e.Unsubscribe())
    hand.done(e.Revoke)
    hand.left()
    hand.tell(e.Subscribe(topics=("t",)))
    assert hand.member.state is MemberState.JOINING
    assert hand.claims().user_data is None
