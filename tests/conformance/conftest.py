"""Both brokers at once, for the same conversation with each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tests.conformance.brokers import Brokers, both_running
from tests.conformance.conversation import Case
from tests.conformance.played import Played
from tests.conformance.table import play_everywhere
from tests.support.brokers import require_apache_kafka


@pytest.fixture(scope="session")
def brokers() -> Iterator[Brokers]:
    """The embedded broker and Apache Kafka, for the whole run."""
    require_apache_kafka()
    with both_running() as running:
        yield running


@pytest.fixture(scope="session")
def played(brokers: Brokers, request: pytest.FixtureRequest) -> Mapping[str, Played]:
    """The cases of this run by name: played all at the first test, because that is faster."""
    parameters = (getattr(item, "callspec", None) for item in request.session.items)
    cases = [found.params.get("case") for found in parameters if found is not None]
    wanted = [case for case in cases if isinstance(case, Case)]
    return {both.case.name: both for both in play_everywhere(brokers, wanted)}
