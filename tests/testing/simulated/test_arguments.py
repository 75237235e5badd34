"""`simulate` takes no nonsense: it says what it expected, before anything is played."""

from __future__ import annotations

import functools
from collections.abc import Awaitable
from typing import Any

import pytest

from rebalance.simulation import ScenarioError
from rebalance.testing import SimulatedConsumer, simulate
from tests.testing.simulated.code import plain

ALONE = "start A\nrun for 2s"


@pytest.mark.parametrize(
    ("arguments", "error", "expected"),
    [
        ({"members": 0}, ValueError, "members=0: expected 1 to 20"),
        ({"seeds": ()}, ValueError, "seeds: expected at least one"),
        ({"seeds": 0}, ValueError, "seeds: expected at least one"),
        ({"seeds": -1}, ValueError, "seeds: expected at least one"),
        ({"seed": 1, "seeds": 3}, ValueError, "seed=1, seeds=3: expected one of them"),
        (
            {"scenario": ALONE, "seeds": 5},
            ValueError,
            "scenario and seeds=5: a story that is given is played once, expected one of them",
        ),
        ({"length": -3}, ValueError, "length=-3: expected 0 or more"),
        ({"rate_per_s": -1}, ValueError, "rate_per_s=-1: expected 0 or more"),
        ({"topics": {}}, ValueError, "topics={}: expected names with 1 partition or more each"),
        (
            {"topics": {"orders": 0}},
            ValueError,
            "topics={'orders': 0}: expected names with 1 partition or more each",
        ),
        (
            {"topics": ["orders"]},
            TypeError,
            "topics=['orders']: expected a mapping of names to numbers of partitions",
        ),
        (
            {"listener_runs": "in-poll"},
            ValueError,
            "listener_runs='in-poll': expected 'beside' or 'in poll'",
        ),
        (
            {"allow": {"late comit"}},
            ValueError,
            "allow: 'late comit' is no kind of finding and no rule; did you mean 'late commit'?",
        ),
        (
            {"allow": {"I5"}},
            ValueError,
            "allow: 'I5' is no kind of finding and no rule; expected a rule such as I05, or one of "
            "'gap', 'read again', 'late work', 'late commit', 'commit back', 'never read', "
            "'slow listener', 'slow poll', 'never stops', 'error'",
        ),
        (
            {"allow": "late commit"},
            TypeError,
            "allow='late commit': expected several, {'late commit'}",
        ),
        ({"listener": 3}, TypeError, "listener=3: expected a function of a consumer, or a class"),
        (
            {"values": None},
            TypeError,
            "values=None: expected a function of a partition and an offset",
        ),
    ],
    ids=str,
)
def test_nonsense_is_refused(
    arguments: dict[str, Any], error: type[Exception], expected: str
) -> None:
    with pytest.raises(error) as caught:
        simulate(plain, **arguments)
    assert str(caught.value) == expected


def test_story_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ScenarioError, match="'begin' is not a command"):
        simulate(plain, scenario="begin A")


def test_rules_and_kinds_can_be_allowed() -> None:
    assert simulate(plain, scenario=ALONE, allow=["I05", "late commit"]).passed


# --- applications --------------------------------------------------------------------------------

EXPECTED = "expected `async def` with a consumer, or with a consumer and a sink"


def does_nothing(consumer: SimulatedConsumer) -> None:
    """No coroutine."""


async def yields(consumer: SimulatedConsumer) -> Any:
    yield consumer


async def takes_nothing() -> None:
    """No consumer."""


@pytest.mark.parametrize("application", [does_nothing, yields, takes_nothing, "an application"])
def test_application_that_is_none_is_refused(application: Any) -> None:
    with pytest.raises(TypeError) as caught:
        simulate(application, seeds=2)
    assert EXPECTED in str(caught.value)
    assert getattr(application, "__name__", application) in str(caught.value)


def test_application_that_is_none_is_refused_although_the_story_speaks_of_its_process() -> None:
    with pytest.raises(TypeError, match="does_nothing gives back None"):
        simulate(does_nothing, scenario=f"{ALONE}\nclose A")  # type: ignore[arg-type]


def returns_a_coroutine(consumer: SimulatedConsumer) -> Awaitable[None]:
    return plain(consumer)


class Application:
    async def __call__(self, consumer: SimulatedConsumer, group: str = "g") -> None:
        await plain(consumer)


async def of_a_table(table: str, consumer: SimulatedConsumer) -> None:
    await plain(consumer)


@pytest.mark.parametrize(
    "application", [returns_a_coroutine, Application(), functools.partial(of_a_table, "orders")]
)
def test_whatever_gives_back_a_coroutine_is_an_application(application: Any) -> None:
    assert simulate(application, scenario=ALONE).check().records.processed > 50
