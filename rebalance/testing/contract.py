"""`AssignorContract`: the promises of an assignor as tests of your own suite.

```python
from my_package import MyAssignor
from rebalance.testing import AssignorContract


class TestMyAssignor(AssignorContract):
    assignor = MyAssignor
```

The rule kept here: a test stands for a promise that the assignor declares. A promise that it does
not declare is no test, neither passed nor skipped: pytest does not even collect it. The groups are
the same in every run.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from rebalance.testing.needs import need

need("pytest", "hypothesis", for_what="AssignorContract")

import pytest  # noqa: E402

from assignors.errors import AssignorInterfaceError  # noqa: E402
from assignors.interface import Assignor, Promise, assignor_promises  # noqa: E402
from rebalance.testing.check.engine import EXAMPLES, TIME_LIMIT_S, judged  # noqa: E402
from rebalance.testing.check.report import Verdict  # noqa: E402
from rebalance.testing.foreign import adapted  # noqa: E402


class AssignorContract:
    """Inherit, and set `assignor`: an object, a class, a registered name, or `module:Class`.

    `examples`: groups to judge for each promise; `seed`: another one draws others;
    `time_limit_s`: for one answer; `also`: promises to hold it to that it does not declare.
    """

    assignor: ClassVar[Any]
    examples: ClassVar[int] = EXAMPLES
    seed: ClassVar[int] = 0
    time_limit_s: ClassVar[float] = TIME_LIMIT_S
    also: ClassVar[frozenset[Promise]] = frozenset()

    def __init_subclass__(cls, **arguments: Any) -> None:
        """Take out the tests of what is not declared. Raises AssignorError if it is none."""
        super().__init_subclass__(**arguments)
        if not hasattr(cls, "assignor"):
            return  # a base class of somebody's own
        declared = assignor_promises(cls._adapted()) | cls._held_to()
        for promise, test in _TESTS.items():
            # What is not callable is not collected; what a subclass wrote itself is left alone.
            if test not in vars(cls):
                setattr(cls, test, getattr(AssignorContract, test) if promise in declared else None)

    def test_valid(self) -> None:
        """Every partition of a subscribed topic goes to exactly one subscribed member."""
        self._keeps(Promise.VALID)

    def test_balanced(self) -> None:
        """The sum of squared loads is the least that the subscriptions allow."""
        self._keeps(Promise.BALANCED)

    def test_minimal_moves(self) -> None:
        """Among the balanced plans, none leaves more partitions with their settled owner."""
        self._keeps(Promise.MINIMAL_MOVES)

    def test_idempotent(self) -> None:
        """Once everybody owns what the plan says, the next plan is the same."""
        self._keeps(Promise.IDEMPOTENT)

    def test_deterministic(self) -> None:
        """Equal inputs, in any order and under any hash seed, give equal plans."""
        self._keeps(Promise.DETERMINISTIC)

    def test_conflict_proof(self) -> None:
        """Conflicting, stale or nonsensical claims never break validity."""
        self._keeps(Promise.CONFLICT_PROOF)

    def test_cooperative_safe(self) -> None:
        """Nothing that one live member still claims is handed to another."""
        self._keeps(Promise.COOPERATIVE_SAFE)

    @classmethod
    def _adapted(cls) -> Assignor:
        # From the dictionaries of the classes: a function would be bound to this one.
        own = [vars(each)["assignor"] for each in cls.__mro__ if "assignor" in vars(each)]
        if not own:
            pytest.fail(f"{cls.__name__} has no assignor: set `assignor = ...`", pytrace=False)
        return adapted(own[0])

    @classmethod
    def _held_to(cls) -> frozenset[Promise]:
        try:
            return frozenset(Promise(each) for each in cls.also)
        except (TypeError, ValueError) as error:
            known = ", ".join(repr(each.value) for each in Promise)
            raise AssignorInterfaceError(
                f"{cls.__name__} has also = {cls.also!r}: give a set of Promise, or of {known}"
            ) from error

    def _keeps(self, promise: Promise) -> None:
        with _silence():
            (judgement,) = judged(
                self._adapted(),
                [promise],
                examples=self.examples,
                seed=self.seed,
                also=self._held_to(),
                time_limit_s=self.time_limit_s,
            )
        if judgement.verdict is Verdict.UNJUDGED:
            why = judgement.left_out or "no valid plan, or nothing that could go wrong"
            pytest.fail(f"{promise.value} could not be judged: {why}", pytrace=False)
        if judgement.verdict is Verdict.BROKEN:
            pytest.fail("\n".join(judgement.lines()), pytrace=False)
        if judgement.left_out:
            pytest.skip(f"{promise.value} so far; left out: {judgement.left_out}")


@contextmanager
def _silence() -> Iterator[None]:
    """No logging: an assignor that warns of each strange group would bury what was found."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(before)


_TESTS = {promise: f"test_{promise.name.lower()}" for promise in Promise}
