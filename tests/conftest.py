"""Fixtures and hooks of the whole test suite: a broker to test against, names, async tests."""

from __future__ import annotations

import inspect
import signal
from collections.abc import Callable, Generator, Mapping

import pytest

from rebalance.protocol.quickly_made import guard
from rebalance.testing.brokers import APACHE_KAFKA, KafkaBroker
from tests.support import aio
from tests.support.brokers import SETTINGS, require_apache_kafka
from tests.support.requirements import fold


def pytest_configure(config: pytest.Config) -> None:
    guard()  # whoever changes a message is found
    config.addinivalue_line("markers", "deadline(seconds): how long an async test may take")
    # A shell tells whom it starts in the background to ignore interrupts, and they their children.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def rebalance_broker_kind(request: pytest.FixtureRequest) -> str:
    """What the plugin's broker is; in CI nothing may be skipped for want of Apache Kafka."""
    kind: str = request.param
    if kind == APACHE_KAFKA:
        require_apache_kafka()
    return kind


@pytest.fixture(scope="session")
def rebalance_broker_settings() -> Mapping[str, str]:
    """What the plugin's broker is started with."""
    return SETTINGS


@pytest.fixture(scope="session")
def kafka_broker(rebalance_broker: KafkaBroker) -> KafkaBroker:
    """A running broker, one of each kind for the whole run: use names from ``unique``."""
    return rebalance_broker


@pytest.fixture
def unique(rebalance_unique: Callable[[str], str]) -> Callable[[str], str]:
    """Names for topics and groups that no other test uses: ``unique("topic")``."""
    return rebalance_unique


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
