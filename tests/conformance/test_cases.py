"""Every case of the table: the embedded broker and Apache Kafka give the same answers."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.conformance.cases import CASES
from tests.conformance.conversation import Case
from tests.conformance.played import NOBODY_ANSWERS, Played


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_the_same_answers(played: Mapping[str, Played], case: Case) -> None:
    both = played[case.name]
    assert both.kafka, "something was asked"
    if case.name.startswith("p06_"):
        assert any(what for who, what in both.kafka if who == "written"), "records were compared"
    assert NOBODY_ANSWERS not in [who for who, _ in both.kafka]
    assert both.ours == both.kafka


def test_every_case_has_a_name_of_its_own() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))
