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
WAITING_AT_ONCE = 40
"""Of conversations that mostly wait for time to pass."""
PAIRS_AT_ONCE = 2
"""Of brokers beside the plain ones: most of their time they wait, too."""


def play_everywhere(plain: Brokers, cases: Iterable[Case]) -> Iterator[Played]:
    """Each case with the brokers that it is for; `plain` are those of most."""
    by_setup: dict[str, list[Case]] = {}
    for case in cases:
        by_setup.setdefault(case.setup, []).append(case)
    yield from play_all(plain, by_setup.pop(PLAIN, []))
    setups = sorted(by_setup, key=[*SETUPS, *RESTARTS].index)
    with ThreadPoolExecutor(PAIRS_AT_ONCE) as pool:
        for played in pool.map(lambda setup: _play_setup(setup, by_setup[setup]), setups):
            yield from played


def _play_setup(setup: str, cases: list[Case]) -> list[Played]:
    """Brokers that are started for it, and end with it."""
    if setup in RESTARTS:
        return list(play_and_restart(setup, cases))
    with both_running(SETUPS[setup]) as brokers:
        return list(play_all(brokers, cases))


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
