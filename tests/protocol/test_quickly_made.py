"""Frozen classes that are made quickly: in all but the guard they are what they say."""

import subprocess
import sys
from dataclasses import FrozenInstanceError, dataclass, field, replace
from inspect import signature

import pytest

from rebalance.protocol import quickly_made as module
from rebalance.protocol.quickly_made import guard, quickly_made
from rebalance.protocol.requests import HeartbeatRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """Made as Python makes them."""

    name: str
    at: int = 3
    of: tuple[str, ...] = field(default_factory=tuple, repr=False)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> type[Slow]:
    """The same class once more, made quickly, and not guarded yet."""
    monkeypatch.setattr(module, "_guarding", False)

    @quickly_made
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Slow:
        name: str
        at: int = 3
        of: tuple[str, ...] = field(default_factory=tuple, repr=False)

    return Slow  # type: ignore[return-value]


def test_fields_and_defaults_are_those_of_the_frozen_class(
    made: type[Slow],
) -> None:
    assert str(signature(made)) == str(signature(Slow))
    one = made(name="a")
    assert (one.name, one.at, one.of) == ("a", 3, ())
    with pytest.raises(TypeError, match="name"):
        made()  # type: ignore[call-arg]


def test_equality_hash_and_replace_are_those_of_the_frozen_class(made: type[Slow]) -> None:
    assert made.__setattr__ is object.__setattr__
    one = made(name="a", of=("b",))
    assert one == made(name="a", of=("b",))
    assert one != made(name="c")
    assert hash(one) == hash(Slow(name="a", of=("b",)))
    assert replace(one, at=4) == made(name="a", at=4, of=("b",))
    assert repr(one).endswith("Slow(name='a', at=3)")


def test_the_guard_also_holds_for_what_was_made_before_it(made: type[Slow]) -> None:
    one = made(name="a")
    guard()
    for changed in (one, made(name="b")):
        with pytest.raises(FrozenInstanceError):
            changed.at = 5  # type: ignore[misc]
        with pytest.raises(FrozenInstanceError):
            del changed.at
        assert changed.at == 3


def test_the_tests_are_guarded() -> None:
    beat = HeartbeatRequest(group_id="g", generation_id=1, member_id="m")
    with pytest.raises(FrozenInstanceError):
        beat.generation_id = 2  # type: ignore[misc]


def test_a_message_is_not_guarded_where_nobody_asks_for_it() -> None:
    script = (
        "from rebalance.protocol.requests import HeartbeatRequest as H\n"
        "assert H.__setattr__ is object.__setattr__\n"
        "assert H.__delattr__ is object.__delattr__\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
