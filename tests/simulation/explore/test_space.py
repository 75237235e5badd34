"""States that are taken for the same have the same future: walks with and without knowing them."""

import random

import pytest

from rebalance.simulation.explore.broker import Broker
from rebalance.simulation.explore.consumer import Consumer
from rebalance.simulation.explore.group import ExploredGroup
from rebalance.simulation.explore.parts import BrokerPart, ConsumerPart, Parts, WatchPart
from rebalance.simulation.explore.space import Space, Step
from rebalance.simulation.explore.watch import Watch
from rebalance.timeline import trace
from tests.simulation.explore.groups import COOPERATIVE, EAGER, group

WALKS, STEPS = 5, 50


class Apart(Parts):
    """Knows nothing again: every part is the one that this very walk has led to."""

    def __init__(self, group: ExploredGroup) -> None:
        super().__init__(group)
        self._group_id = group.group_id

    def consumer(self, consumer: Consumer) -> ConsumerPart:
        return ConsumerPart(self, consumer, self._cluster)

    def broker(self, broker: Broker) -> BrokerPart:
        return BrokerPart(self, broker)

    def watch(self, watch: Watch) -> WatchPart:
        return WatchPart(self, watch, self._group_id)


def seen(step: Step) -> list[object]:
    """What a step showed, comparable."""
    return [
        trace.event_line(fact) if isinstance(fact, trace.Event) else fact for fact in step.facts
    ]


@pytest.mark.parametrize("text", [EAGER, COOPERATIVE], ids=["eager", "cooperative"])
def test_a_state_that_was_met_before_goes_on_as_one_that_was_not(text: str) -> None:
    explored = group(text, "crash=1 cut=1 loss=1 timeout=1 fail=1")
    known = Space(explored)
    chance = random.Random(6)
    for _ in range(WALKS):
        apart = Space(explored, Apart(explored))
        here, there = known.initial, apart.initial
        for _ in range(STEPS):
            steps, others = list(known.steps(here)), list(apart.steps(there))
            assert [step.label for step in steps] == [step.label for step in others]
            if not steps:
                break
            at = chance.randrange(len(steps))
            assert seen(steps[at]) == seen(others[at])
            assert steps[at].violations == others[at].violations == ()
            here, there = steps[at].state, others[at].state
        assert here.broker.broker.key() == there.broker.broker.key()
        assert here.watch.watch.key == there.watch.watch.key
