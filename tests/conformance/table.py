"""The table of cases, played with both brokers, several conversations at once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from tests.conformance.brokers import SETUPS, Address, Brokers, both_running
from tests.conformance.conversation import PLAIN, Case
from tests.conformance.played import Played, told
from tests.conformance.restarts import RESTARTS, play_and_restart
from tests.conformance.side import Line, opened

AT_ONCE = 8
WAITING_AT_ONCE = 64
"""Of conversations that mostly wait for time to pass."""


def play_everywhere(plain: Brokers, cases: Iterable[Case]) -> Iterator[Played]:
    """Each case with the brokers that it is for; `plain` are those of most."""
    by_setup: dict[str, list[Case]] = {}
    for case in cases:
        by_setup.setdefault(case.setup, []).append(case)
    for setup, some in by_setup.items():
        if setup == PLAIN:
            yield from play_all(plain, some)
        elif setup in RESTARTS:
            yield from play_and_restart(setup, some)
        else:
            with both_running(SETUPS[setup]) as brokers:
                yield from play_all(brokers, some)


def play_all(brokers: Brokers, cases: Iterable[Case]) -> Iterator[Played]:
    """Each case with both; an answer that does not come is told as a line."""
    quick, slow = [], []
    for case in cases:
        (slow if case.takes_time else quick).append(case)
    for some, at_once in ((slow, WAITING_AT_ONCE), (quick, AT_ONCE)):
        with ThreadPoolExecutor(at_once) as pool:
            yield from pool.map(lambda case: _play_with_both(brokers, case), some)


def _play_with_both(brokers: Brokers, case: Case) -> Played:
    name = f"case-{uuid.uuid4().hex[:12]}"
    with ThreadPoolExecutor(2 if case.takes_time else 1) as pool:
        answers = [pool.submit(_play, where, case, name) for where in (brokers.kafka, brokers.ours)]
    kafka, ours = (answer.result() for answer in answers)
    return Played(case=case, kafka=kafka, ours=ours)


def _play(address: Address, case: Case, name: str) -> list[Line]:
    with opened(address, name) as side:
        return told(side, lambda: side.play(case))
