"""Every case of the table: the embedded broker and Apache Kafka give the same answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.brokers import Brokers
from tests.conformance.cases import CASES
from tests.conformance.conversation import Case
from tests.conformance.side import opened


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_the_same_answers(brokers: Brokers, unique: Callable[[str], str], case: Case) -> None:
    name = unique("case")
    with opened(brokers.kafka, name) as kafka, opened(brokers.ours, name) as ours:
        expected = kafka.play(case)
        assert ours.play(case) == expected


def test_every_case_has_a_name_of_its_own() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))
