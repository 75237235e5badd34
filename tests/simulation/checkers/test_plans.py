"""Plans that break what their assignor is known for, as no assignor of ours makes them."""

import pytest

from assignors.interface import resolve
from assignors.model import ClusterMetadata, GroupAssignment, PartitionSet, Subscription
from rebalance.simulation.checkers import Planned
from tests.simulation.checkers.wire import rules

CLUSTER = ClusterMetadata({"t": 2, "u": 2})
Owned = dict[str, list[int]]


def planned(
    assignor: str, plan: dict[str, Owned], *, topics: str = "t u", claims: Owned | None = None
) -> Planned:
    """A plan for members who want the same, and of whom the last claims something."""
    members = {each: Subscription(topics=topics.split(), generation_id=3) for each in plan}
    last = list(plan)[-1]
    if claims is not None:
        members[last] = Subscription(topics=topics.split(), owned=PartitionSet(claims))
    return Planned(
        t=0,
        group_id="g",
        assignor=assignor,
        cluster=CLUSTER,
        members=tuple(members.items()),
        plan=GroupAssignment({each: PartitionSet(given) for each, given in plan.items()}),
    )


EVEN = {"a": {"t": [0], "u": [0]}, "b": {"t": [1], "u": [1]}}
BY_TOPIC = {"a": {"t": [0, 1]}, "b": {"u": [0, 1]}}
GREEDY = {"a": {"t": [0, 1], "u": [0]}, "b": {"u": [1]}}


@pytest.mark.parametrize("assignor", ["range", "roundrobin", "sticky"])
def test_i05_the_plans_of_our_own_assignors_keep_their_promise(assignor: str) -> None:
    members = {each: Subscription(topics=["t", "u"]) for each in "abc"}
    plan = resolve(assignor).assign(CLUSTER, members)
    made = planned(assignor, {each: plan[each].by_topic for each in members})  # type: ignore[misc]
    assert rules(made) == []


def test_i05_range_spreads_each_topic() -> None:
    assert rules(planned("range", EVEN)) == []
    assert rules(planned("range", BY_TOPIC)) == ["I05", "I05"]


@pytest.mark.parametrize("assignor", ["roundrobin", "sticky"])
def test_i05_the_others_spread_all_that_equals_want(assignor: str) -> None:
    assert rules(planned(assignor, BY_TOPIC)) == []
    assert rules(planned(assignor, GREEDY)) == ["I05"]


@pytest.mark.parametrize(
    ("plan", "found"),
    [
        ({"a": {"t": [0, 1]}, "b": {}}, []),
        ({"a": {"t": [0, 1]}, "b": {"u": [1]}}, []),
        ({"a": {"t": [0, 1], "u": [0]}, "b": {}}, ["I05"]),
        ({"a": {"t": [0], "u": [0]}, "b": {"u": [1]}, "c": {}}, []),
        ({"a": {"t": [0], "u": [0]}, "b": {"t": [1], "u": [1]}, "c": {}}, ["I05"]),
    ],
    ids=["two withheld", "one withheld", "too much", "c can get one", "c cannot"],
)
def test_i05_a_cooperative_plan_becomes_even_once_nothing_is_withheld(
    plan: dict[str, Owned], found: list[str]
) -> None:
    assert rules(planned("cooperative-sticky", plan)) == found
    assert rules(planned("cooperative-roundrobin", plan)) == found


def test_i05_a_cooperative_plan_by_topic_may_withhold_of_each() -> None:
    assert rules(planned("cooperative-range", {"a": {"t": [0], "u": [0]}, "b": {}})) == []
    assert rules(planned("cooperative-range", BY_TOPIC)) == ["I05", "I05"]


def test_i05_the_plan_of_an_assignor_that_we_do_not_know_is_its_own_affair() -> None:
    assert rules(planned("greedy", GREEDY)) == []


OTHER_WAY = {"a": EVEN["b"], "b": EVEN["a"]}


def test_i05_the_same_input_gives_the_same_plan() -> None:
    assert rules(planned("range", EVEN), planned("range", EVEN)) == []
    assert rules(planned("range", EVEN), planned("range", OTHER_WAY)) == ["I05"]
    assert rules(planned("sticky", EVEN), planned("sticky", OTHER_WAY)) == ["I05"]


def test_i05_what_a_member_owned_is_input_for_who_looks_at_it() -> None:
    after = OTHER_WAY["b"]
    sticky = planned("sticky", OTHER_WAY, claims=after)
    assert rules(planned("sticky", EVEN), sticky) == []
    assert rules(planned("range", EVEN), planned("range", OTHER_WAY, claims=after)) == ["I05"]


def test_m06_a_cooperative_plan_gives_away_nothing_that_another_claims() -> None:
    claimed = {"u": [0]}
    withheld = {"a": {"t": [0, 1]}, "b": {"u": [1]}}
    assert rules(planned("cooperative-sticky", withheld, claims=claimed)) == []
    assert rules(planned("cooperative-sticky", EVEN, claims=claimed)) == ["M06"]
    assert rules(planned("sticky", EVEN, claims=claimed)) == []
