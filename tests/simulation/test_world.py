"""Virtual time: order, jumps, chance."""

import pytest

from rebalance.simulation.world import TimeStandsStillError, World


def test_events_come_in_order_of_time_then_of_scheduling() -> None:
    world, seen = World(), list[str]()
    world.at(5, seen.append, "late")
    world.at(1, seen.append, "first")
    world.at(1, seen.append, "second")
    world.at(9, seen.append, "beyond")
    assert not world.run(5)
    assert seen == ["first", "second", "late"]
    assert (world.now, world.processed) == (5, 3)


def test_time_jumps_to_the_end_and_the_past_means_now() -> None:
    world, seen = World(), list[int]()
    world.run(1000)
    world.at(10, lambda: seen.append(world.now))
    world.after(5, lambda: seen.append(world.now))
    world.run(2000)
    assert seen == [1000, 1005]
    assert world.now == 2000


def test_stop_is_asked_only_after_a_change() -> None:
    world, asked = World(), list[int]()

    def touch() -> None:
        world.touched = True

    for time in (1, 2, 3, 4):
        world.at(time, touch if time in (2, 4) else lambda: None)

    def stop() -> bool:
        asked.append(world.now)
        return world.now == 4

    assert world.run(100, stop)
    assert asked == [2, 4]
    assert world.now == 4


def test_chance_is_the_seeds() -> None:
    def draw(seed: int) -> list[int]:
        world = World(seed)
        return [world.between(1, 6) for _ in range(200)]

    assert draw(1) == draw(1) != draw(2)
    assert set(draw(1)) == {1, 2, 3, 4, 5, 6}
    assert World().between(4, 4) == 4


def test_what_never_lets_time_pass_is_an_error() -> None:
    world = World()

    def again() -> None:
        world.after(0, again)

    world.at(7, again)
    with pytest.raises(TimeStandsStillError, match="at 7 ms there is always more to do"):
        world.run(100)
