"""Each experiment leaves a sound group as it was, and shows the bugs that it is there for."""

from dataclasses import dataclass, field

import pytest

from rebalance.simulation.settling.crashing import CRASHING
from rebalance.simulation.settling.experiment import Experiment
from rebalance.simulation.settling.forgotten_id import FORGOTTEN_ID
from rebalance.simulation.settling.ground import Ground
from rebalance.simulation.settling.growing import GROWING
from rebalance.simulation.settling.idling import IDLING
from rebalance.simulation.settling.late_commit import LATE_COMMIT
from rebalance.simulation.settling.late_plan import LATE_PLAN
from rebalance.simulation.settling.old_generation import OLD_GENERATION
from rebalance.simulation.settling.restarting import RESTARTING
from rebalance.simulation.settling.slow_plan import SLOW_PLAN
from rebalance.simulation.settling.standing_apart import STANDING_APART
from rebalance.simulation.settling.subscribing import SUBSCRIBING
from rebalance.simulation.settling.table import EXPERIMENTS
from rebalance.simulation.settling.too_many import TOO_MANY
from tests.mutations.catalogue import MUTATIONS
from tests.simulation.settling.groups import at_rest


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What one bug does in these experiments."""

    bug: str
    by: tuple[Experiment, ...]
    told: str
    group: dict[str, object] = field(default_factory=dict)


SMALL = {"settings": "group.max.size=4"}
STATIC = {"static": True}

SHOWN = (
    Shown(bug="new_subscription_is_not_told", by=(SUBSCRIBING,), told="owned in vain"),
    Shown(bug="changed_metadata_is_not_noticed", by=(SUBSCRIBING,), told="wanted a topic less"),
    Shown(
        bug="static_member_comes_back_to_nothing",
        by=(RESTARTING,),
        told="nobody owns",
        group=STATIC,
    ),
    Shown(bug="new_partitions_are_not_seen", by=(GROWING,), told="nobody owns orders-4"),
    Shown(bug="leader_may_not_rebalance", by=(GROWING,), told="nobody owns orders-4"),
    Shown(
        bug="static_leader_does_not_watch",
        by=(RESTARTING, GROWING),
        told="after topics grew",
        group=STATIC,
    ),
    Shown(bug="stale_member_with_nothing_stays_away", by=(IDLING,), told="is Stale"),
    Shown(bug="expiry_starts_no_rebalance", by=(CRASHING,), told="after a member crashed"),
    Shown(bug="late_plan_is_taken", by=(LATE_PLAN,), told="more than"),
    Shown(
        bug="session_ends_with_a_parked_sync",
        by=(SLOW_PLAN,),
        told="while it waited for a slow plan",
    ),
    Shown(bug="pending_expiry_is_not_looked_at", by=(FORGOTTEN_ID,), told="waits for others since"),
    Shown(bug="one_member_too_many", by=(TOO_MANY,), told="group.max.size is 4", group=SMALL),
    Shown(bug="illegal_generation_goes_on", by=(STANDING_APART,), told="goes on in generation"),
    Shown(bug="old_generation_may_sync", by=(OLD_GENERATION,), told="SyncGroup: NONE"),
    Shown(bug="old_generation_may_heartbeat", by=(OLD_GENERATION,), told="Heartbeat: NONE"),
    Shown(bug="commit_after_the_revocation", by=(LATE_COMMIT,), told="was committed after"),
)


@pytest.mark.parametrize("group", [{}, STATIC, SMALL, {"assignors": "cooperative-sticky"}], ids=str)
@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda each: each.name)
def test_a_sound_group_is_as_it_was(experiment: Experiment, group: dict[str, object]) -> None:
    ground = at_rest(**group)  # type: ignore[arg-type]
    before = _members(ground)
    names = experiment.on(ground)
    if names:
        experiment.play(ground, names)
    assert ground.problems == []
    assert ground.simulation.violations == ()
    assert ground.simulation.unrest() == []
    assert _members(ground) == before


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda each: each.name)
def test_each_applies_to_some_group(experiment: Experiment) -> None:
    groups: tuple[dict[str, object], ...] = ({}, STATIC, SMALL)
    assert any(experiment.on(at_rest(**group)) for group in groups)  # type: ignore[arg-type]


@pytest.mark.parametrize("shown", SHOWN, ids=lambda each: each.bug)
def test_it_shows_the_bug_that_it_is_there_for(shown: Shown) -> None:
    ground = at_rest(**shown.group)  # type: ignore[arg-type]
    with MUTATIONS[shown.bug]():
        for experiment in shown.by:
            experiment.play(ground, experiment.on(ground))
    assert shown.told in " ".join(each.message for each in ground.simulation.violations)


def _members(ground: Ground) -> set[str]:
    return set(ground.members("g"))
