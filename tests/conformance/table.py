"""The table of cases, played with both brokers, several conversations at once."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.conformance.brokers import Address, Brokers
from tests.conformance.conversation import Case
from tests.conformance.side import Line, opened
from tests.conversations.raw import NoAnswerError

AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A case, and what each broker answered."""

    case: Case
    kafka: list[Line]
    ours: list[Line]


def play_all(brokers: Brokers, cases: Iterable[Case]) -> Iterator[Played]:
    """Each case with both, in the order given; an answer that does not come is told as a line."""

    def one(case: Case) -> Played:
        name = f"case-{uuid.uuid4().hex[:12]}"
        kafka, ours = (_play(where, case, name) for where in (brokers.kafka, brokers.ours))
        return Played(case=case, kafka=kafka, ours=ours)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(one, cases)


def _play(address: Address, case: Case, name: str) -> list[Line]:
    with opened(address, name) as side:
        try:
            return side.play(case)
        except NoAnswerError as error:
            return [*side.transcript, ("nobody answers", str(error))]
