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


def test_what_makes_something_of_its_fields_is_refused() -> None:
    with pytest.raises(TypeError, match="Checked cannot be made quickly: its __post_init__"):

        @quickly_made
        @dataclass(frozen=True, slots=True, kw_only=True)
        class Checked:
            name: str

            def __post_init__(self) -> None:
                """It would not be called."""

    with pytest.raises(TypeError, match="Placed cannot be made quickly: its fields name, at"):

        @quickly_made
        @dataclass(frozen=True, slots=True)
        class Placed:
            name: str
            at: int = field(default=0, init=False, kw_only=True)


_ALL_OF_THEM = """
import inspect, pkgutil, importlib
import rebalance.member, rebalance.coordinator, rebalance.simulation.checkers, rebalance.protocol
from rebalance.protocol import quickly_made as module
for package in (rebalance.protocol, rebalance.member, rebalance.coordinator):
    for each in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        importlib.import_module(each.name)
made = list(module._guards.items())
quick = {cls: str(inspect.signature(cls.__init__)) for cls, _ in made}
values = {cls: {name: object() for name in cls.__match_args__ or cls.__slots__} for cls, _ in made}
before = {cls: cls(**values[cls]) for cls, _ in made}
module.guard()
for cls, _ in made:
    guarded = cls(**values[cls])
    assert str(inspect.signature(cls.__init__)).split(" -> ")[0] == quick[cls].split(" -> ")[0], cls
    assert guarded == before[cls], cls
print(len(made))
"""


def test_all_that_users_make_quickly_is_what_the_tests_make() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ALL_OF_THEM], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 30
