"""Both brokers at once, for the same conversation with each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest

from tests.conformance.ahead import WORTHWHILE, Ahead
from tests.conformance.brokers import Brokers, both_running
from tests.conformance.campaign import Outcome, campaign
from tests.conformance.conversation import Case
from tests.conformance.played import Played
from tests.conformance.table import play_everywhere
from tests.support.brokers import require_apache_kafka

AHEAD = pytest.StashKey[Ahead]()


def pytest_collection_finish(session: pytest.Session) -> None:
    """A run of very many has them played beside its other tests."""
    cases, chunks = _wanted(session)
    if len(cases) < WORTHWHILE or session.config.option.collectonly:
        return
    try:
        require_apache_kafka()
    except (pytest.skip.Exception, pytest.fail.Exception):
        return  # the tests say so themselves
    session.config.stash[AHEAD] = Ahead([case.name for case in cases], chunks)


def pytest_unconfigure(config: pytest.Config) -> None:
    ahead = config.stash.get(AHEAD, None)
    if ahead is not None:
        ahead.stop()


def _wanted(session: pytest.Session) -> tuple[list[Case], list[range]]:
    parameters = [getattr(item, "callspec", None) for item in session.items]
    found = [each.params for each in parameters if each is not None]
    cases = [each["case"] for each in found if isinstance(each.get("case"), Case)]
    return cases, [each["seeds"] for each in found if isinstance(each.get("seeds"), range)]


@pytest.fixture(scope="session")
def brokers() -> Iterator[Brokers]:
    """The embedded broker and Apache Kafka, for the whole run."""
    require_apache_kafka()
    with both_running() as running:
        yield running


@pytest.fixture(scope="session")
def played(request: pytest.FixtureRequest) -> Mapping[str, Played]:
    """The cases of this run by name: played all at the first test, because that is faster."""
    ahead = request.config.stash.get(AHEAD, None)
    if ahead is not None:
        return ahead.table()
    brokers: Brokers = request.getfixturevalue("brokers")
    cases, _ = _wanted(request.session)
    return {both.case.name: both for both in play_everywhere(brokers, cases)}


@pytest.fixture(scope="session")
def campaigned(request: pytest.FixtureRequest) -> Callable[[range], Outcome]:
    """What came of the random conversations of some seeds."""
    ahead = request.config.stash.get(AHEAD, None)
    if ahead is not None:
        return ahead.outcome
    brokers: Brokers = request.getfixturevalue("brokers")
    return lambda seeds: campaign(brokers, seeds)
