"""Any conversation, with coordinators that die in it: what they leave is what the log says."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rebalance.protocol.effects import Reply
from rebalance.protocol.errors import ErrorCode
from tests.coordinator.failover import FailingRig

NOT_COORDINATOR = ErrorCode.NOT_COORDINATOR


def _run(rig: FailingRig, steps: int) -> None:
    for _ in range(steps):
        if rig.chance.random() < 0.05:
            rig.die(in_good_order=rig.chance.random() < 0.5)
        rig.step()
    rig.finish()
    rig.die(in_good_order=False)


@pytest.mark.parametrize("delay", [0, 3_000])
def test_p02_p03_p04_i04_any_conversation_is_rebuilt_from_its_log(delay: int) -> None:
    for seed in range(150):
        rig = FailingRig(random.Random(seed), delay=delay)
        try:
            _run(rig, 120)
        except Exception as error:
            raise AssertionError(f"seed {seed}, delay {delay}: {error!r}") from error


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chance=st.randoms(use_true_random=False), delay=st.sampled_from([0, 3_000]))
def test_p02_p03_p04_a_conversation_that_hypothesis_finds(
    chance: random.Random, delay: int
) -> None:
    _run(FailingRig(chance, delay=delay), 25)


def test_the_fuzz_loads_groups_worth_loading() -> None:
    states: set[str] = set()
    errors: set[ErrorCode] = set()
    for seed in range(40):
        rig = FailingRig(random.Random(seed))
        for _ in range(100):
            rig.step()
        rig.die(in_good_order=seed % 2 == 0)
        groups = [rig.coordinator.group(name) for name in rig.coordinator.group_ids]
        states.update(group.state.value for group in groups if group is not None)
        for effect in rig.log:
            if isinstance(effect, Reply) and hasattr(effect.response, "error"):
                errors.add(effect.response.error)
    assert states == {"Stable", "Empty"}
    assert NOT_COORDINATOR in errors
