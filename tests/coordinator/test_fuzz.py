"""Whatever is sent: nothing raises, tables are kept, everything parked is answered in the end."""

import os
import random
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rebalance.protocol.effects import Reply
from rebalance.protocol.errors import ErrorCode
from tests.coordinator.fuzzing import Rig

RUNS = 300
STEPS = 120


@pytest.mark.parametrize("delay", [0, 3_000])
def test_any_sequence_of_requests(delay: int) -> None:
    for seed in range(RUNS):
        rig = Rig(random.Random(seed), delay=delay)
        try:
            for _ in range(STEPS):
                rig.step()
            rig.finish()
        except Exception as error:
            raise AssertionError(f"seed {seed}, delay {delay}: {error!r}") from error


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(chance=st.randoms(use_true_random=False), delay=st.sampled_from([0, 3_000]))
def test_any_sequence_of_requests_that_hypothesis_finds(chance: random.Random, delay: int) -> None:
    rig = Rig(chance, delay=delay)
    for _ in range(25):
        rig.step()
    rig.finish()


def test_the_fuzz_reaches_what_it_is_for() -> None:
    """A fuzz that only ever sees refusals proves nothing."""
    errors: set[ErrorCode] = set()
    states: set[tuple[str, str]] = set()
    for seed in range(100):
        rig = Rig(random.Random(seed))
        for _ in range(STEPS):
            rig.step()
        rig.finish()
        for effect in rig.log:
            if isinstance(effect, Reply) and hasattr(effect.response, "error"):
                errors.add(effect.response.error)
            if type(effect).__name__ == "StateChanged":
                states.add((effect.previous.value, effect.state.value))  # type: ignore[union-attr]
    assert errors >= {
        ErrorCode.NONE,
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.NOT_COORDINATOR,
        ErrorCode.ILLEGAL_GENERATION,
        ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
        ErrorCode.INVALID_GROUP_ID,
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.INVALID_SESSION_TIMEOUT,
        ErrorCode.REBALANCE_IN_PROGRESS,
        ErrorCode.MEMBER_ID_REQUIRED,
        ErrorCode.FENCED_INSTANCE_ID,
        ErrorCode.UNKNOWN_SERVER_ERROR,
    }
    assert states == {
        ("Empty", "PreparingRebalance"),
        ("Stable", "PreparingRebalance"),
        ("CompletingRebalance", "PreparingRebalance"),
        ("PreparingRebalance", "CompletingRebalance"),
        ("PreparingRebalance", "Empty"),
        ("CompletingRebalance", "Stable"),
        ("Empty", "Dead"),
    }


_PROGRAM = """
import hashlib, random
from tests.coordinator.fuzzing import Rig
digest = hashlib.sha256()
for seed in range(20):
    rig = Rig(random.Random(seed))
    for _ in range(150):
        rig.step()
    rig.finish()
    digest.update(repr(rig.log).encode())
    digest.update(repr([rig.coordinator.group(g) for g in rig.coordinator.group_ids]).encode())
print(digest.hexdigest())
"""


def test_the_same_requests_give_the_same_effects_under_every_hash_seed() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("0", "1", "4711")
    }
    assert len(digests) == 1
