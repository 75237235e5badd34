"""A process's own clock: never back, and whoever waits for a time is woken when it shows it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebalance.simulation.clock import Clock
from rebalance.simulation.world import World

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pass"), st.integers(0, 10_000)),
        st.tuples(st.just("jump"), st.integers(0, 100_000)),
        st.tuples(st.just("run_at"), st.integers(1, 3000)),
    ),
    max_size=20,
)


def test_an_untouched_clock_shows_the_worlds_time() -> None:
    world = World()
    clock = Clock(world)
    world.run(12_345)
    assert clock.now == 12_345
    assert clock.world_time(20_000) == 20_000


@given(steps=STEPS, ahead_ms=st.integers(0, 50_000))
def test_a_time_is_shown_first_when_it_was_foretold(
    steps: list[tuple[str, int]], ahead_ms: int
) -> None:
    world = World()
    clock = Clock(world)
    for what, number in steps:
        before = clock.now
        if what == "pass":
            world.run(world.now + number)
        elif what == "jump":
            clock.jump(number)
            assert clock.now == before + number
        else:
            clock.run_at(number)
        assert clock.now >= before
    shown = clock.now + ahead_ms
    then = clock.world_time(shown)
    assert then >= world.now or ahead_ms == 0
    if then > world.now:
        world.run(then - 1)
        assert clock.now < shown
    world.run(max(then, world.now))
    assert clock.now >= shown


@pytest.mark.parametrize("action", ["jump", "run_at"])
def test_a_clock_does_not_go_back_or_stand(action: str) -> None:
    with pytest.raises(ValueError, match="ms"):
        getattr(Clock(World()), action)(-1)
