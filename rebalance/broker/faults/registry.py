"""All rules of one broker, and a request's way through them.

The order: rules are asked in the order in which they were made, when the request comes in; from the
first that takes its effect away (`drop` before it, `answer_with`) on, no later one is asked. Then
each does in that order what it does before the effect; then the request has its effect, unless it
was answered; then each does in the same order what it does after it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rebalance.broker.apis import APIS
from rebalance.broker.faults.arguments import is_number, is_whole
from rebalance.broker.faults.effects import Effect, Handle, Passing
from rebalance.broker.faults.fault import Fault
from rebalance.broker.faults.home import Home
from rebalance.broker.faults.seen import RequestSeen, errors_in

if TYPE_CHECKING:
    from rebalance.broker.call import Call
    from rebalance.broker.faults.selector import Selector
    from rebalance.broker.wire.codec import Message

__all__ = ["Answered", "Faults"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """How a request went on."""

    message: Message | None
    """None: nothing is answered."""
    version: int
    """In whose layout the answer goes out."""
    mute_ms: int = 0
    """How long nothing more is read from its connection."""


class Faults:
    """The rules that are on; every node of a broker has the same.

    Args:
        seed: of all chance in them; rule n draws from a source of its own, made of seed and n.
    """

    def __init__(self, seed: int = 0, home: Home | None = None) -> None:
        self.home = home or Home()
        self._seed = seed
        self._made = 0
        self._rules: tuple[Fault, ...] = ()
        self._changing = threading.Lock()

    @property
    def are_none(self) -> bool:
        """No request is looked at."""
        return not self._rules

    @property
    def rules(self) -> tuple[Fault, ...]:
        """Those that are on, in the order in which they were made."""
        return self._rules

    def add(
        self, effect: Effect, selector: Selector, *, times: int | None, probability: float
    ) -> Fault:
        """Make a rule, which is on from the next request on.

        Raises:
            ValueError: `times` is not positive, or `probability` not within 0 and 1.
        """
        if times is not None and not (is_whole(times) and times >= 1):
            raise ValueError(
                f"times is {times!r}; give a positive whole number, or None for any number"
            )
        if not (is_number(probability) and 0 <= probability <= 1):
            raise ValueError(f"probability is {probability!r}; give a number from 0 to 1")
        with self._changing:
            self._made += 1
            fault = Fault(
                effect,
                selector,
                times=times,
                probability=probability,
                seed=f"{self._seed}/{self._made}",
                home=self.home,
                end=self._remove,
            )
            self._rules = (*self._rules, fault)
        return fault

    def _remove(self, fault: Fault) -> None:
        with self._changing:
            self._rules = tuple(rule for rule in self._rules if rule is not fault)

    def stopped(self) -> None:
        """The broker stopped: whoever waits for a rule to befall more requests is told."""
        for rule in self._rules:
            rule.stopped()

    async def answer(
        self, node_id: int, key: int, correlation_id: int, call: Call, handle: Handle
    ) -> Answered:
        """What a request is answered, and for how long its connection is muted.

        `handle` has a request take its effect at the node that it came to.

        Raises:
            WireError: the connection is cut.
        """
        seen = RequestSeen.of(key, correlation_id, node_id, call)
        rules = self._taking(seen)
        if not rules:
            return Answered(message=await handle(call), version=call.version)
        passing = Passing(
            name=APIS[key].name, call=call, seen=seen, handle=handle, version=call.version
        )
        for rule in rules:
            await rule.effect.before(passing, rule.released)
        if not passing.is_answered:
            passing.answer = await handle(call)
        for rule in rules:
            await rule.effect.after(passing, rule.released)
        if passing.answer is not None:
            seen.errors = errors_in(passing.answer)
        return Answered(message=passing.answer, version=passing.version, mute_ms=passing.mute_ms)

    def _taking(self, seen: RequestSeen) -> list[Fault]:
        taking = []
        for rule in self._rules:
            if rule.takes(seen):
                taking.append(rule)
                if rule.effect.ends_before:
                    break
        return taking
