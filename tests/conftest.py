"""Fixtures and hooks of the whole test suite: a broker to test against, names, async tests."""

from __future__ import annotations

import inspect
import re
import time
import zlib
from collections import Counter
from collections.abc import Callable, Generator, Iterator

import pytest

from tests.support import aio, brokers
from tests.support.brokers import KafkaBroker
from tests.support.requirements import fold


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rebalance-broker",
        metavar="BROKER",
        default=brokers.BOTH,
        help="what `kafka_broker` is: embedded, apache-kafka, both (default) or HOST:PORT",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "deadline(seconds): how long an async test may take")
    try:
        brokers.chosen(config.getoption("--rebalance-broker"))
    except ValueError as error:
        raise pytest.UsageError(f"--rebalance-broker: {error}") from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "kafka_broker" in metafunc.fixturenames:
        choices = brokers.chosen(metafunc.config.getoption("--rebalance-broker"))
        metafunc.parametrize("kafka_broker", choices, indirect=True, scope="session")


@pytest.fixture(scope="session")
def kafka_broker(request: pytest.FixtureRequest) -> Iterator[KafkaBroker]:
    """A running broker, one of each kind for the whole run: use names from ``unique``."""
    with brokers.running(request.param) as broker:
        yield broker


@pytest.fixture(scope="session")
def _run_suffix(request: pytest.FixtureRequest) -> str:
    choices = brokers.chosen(request.config.getoption("--rebalance-broker"))
    outlives = not {brokers.EMBEDDED, brokers.APACHE_KAFKA}.issuperset(choices)
    return f"-{time.time_ns():x}" if outlives else ""


@pytest.fixture
def unique(request: pytest.FixtureRequest, _run_suffix: str) -> Callable[[str], str]:
    """Names for topics and groups that no other test uses: ``unique("topic")``, anew by each call.

    The same in every run, except on a broker that outlives the run.
    """
    test = re.sub(r"[^a-zA-Z0-9]+", "-", request.node.name).strip("-")[:80]
    digest = zlib.crc32(request.node.nodeid.encode())  # tells apart tests of one name
    used: Counter[str] = Counter()

    def name(what: str) -> str:
        used[what] += 1
        return f"{what}-{used[what]}-{test}-{digest:08x}{_run_suffix}"

    return name


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """One line for all tests that lack the same thing, not one each."""
    report = yield
    fold(report)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs ``async def`` tests under ``asyncio.run`` and a deadline."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    marker = pyfuncitem.get_closest_marker("deadline")
    aio.run(pyfuncitem.obj(**arguments), marker.args[0] if marker else aio.DEADLINE_S)
    return True
