"""The pytest plugin: a broker to test against, chosen on the command line.

pytest loads it, by its entry point, in every suite of the environment. The rule kept here: a suite
that uses none of its fixtures notices nothing. Nothing is imported but pytest before a fixture is
used, all names begin with `rebalance_`, and no hook looks at tests that do not ask for the broker.

`--rebalance-broker BROKER` (or `rebalance_broker = ...` in pytest's configuration): `embedded` (the
default), `apache-kafka` (Java needed), `both` (each test runs once on each), or HOST:PORT.
"""

from __future__ import annotations

import re
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from rebalance.testing.brokers import KafkaBroker

_OPTION = "--rebalance-broker"
_KIND = "rebalance_broker_kind"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option, and its default in pytest's configuration."""
    what = "what `rebalance_broker` is: embedded, apache-kafka, both or HOST:PORT"
    parser.getgroup("kafka-rebalance").addoption(_OPTION, metavar="BROKER", help=what)
    parser.addini("rebalance_broker", f"{what} (default: embedded)", default="embedded")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for the broker runs once for each that was chosen."""
    if _KIND in metafunc.fixturenames:
        kinds = _chosen(metafunc.config)
        metafunc.parametrize(_KIND, kinds, indirect=True, scope="session")


@pytest.fixture(scope="session")
def rebalance_broker_settings() -> Mapping[str, str]:
    """The broker's settings, by Kafka's property names; redefine it in your conftest."""
    from rebalance.testing.brokers import SETTINGS

    return SETTINGS


@pytest.fixture(scope="session")
def rebalance_broker_kind(request: pytest.FixtureRequest) -> str:
    """`embedded`, `apache-kafka` or HOST:PORT: what `rebalance_broker` is in this test."""
    kind: str = request.param
    return kind


@pytest.fixture(scope="session")
def rebalance_broker(
    rebalance_broker_kind: str,
    rebalance_broker_settings: Mapping[str, str],
    pytestconfig: pytest.Config,
) -> Iterator[KafkaBroker]:
    """A running broker (`.bootstrap_servers`), one of each kind for the whole run.

    Tests share it: take names from `rebalance_unique`. Where Apache Kafka was asked for and cannot
    run, its tests fail; where it was asked for beside the embedded broker, they are skipped.
    """
    from rebalance.testing.apache_kafka.libraries import ApacheKafkaUnavailableError
    from rebalance.testing.brokers import running

    try:
        context = running(rebalance_broker_kind, rebalance_broker_settings)
        broker = context.__enter__()
    except ApacheKafkaUnavailableError as error:
        message = f"Apache Kafka cannot run here: {error}"
        if len(_chosen(pytestconfig)) > 1:
            pytest.skip(message)
        pytest.fail(message, pytrace=False)
    try:
        yield broker
    finally:
        context.__exit__(None, None, None)


@pytest.fixture(scope="session")
def _rebalance_run_suffix(pytestconfig: pytest.Config) -> str:
    from rebalance.testing.brokers import outlives_the_run

    return f"-{time.time_ns():x}" if outlives_the_run(_value(pytestconfig)) else ""


@pytest.fixture
def rebalance_unique(
    request: pytest.FixtureRequest, _rebalance_run_suffix: str
) -> Callable[[str], str]:
    """Names for topics and groups that no other test uses: `rebalance_unique("topic")`.

    Anew by each call, and the same in every run, except on a broker that outlives the run.
    """
    test = re.sub(r"[^a-zA-Z0-9]+", "-", request.node.name).strip("-")[:80]
    digest = zlib.crc32(request.node.nodeid.encode())  # tells apart tests of one name
    used: Counter[str] = Counter()

    def name(what: str) -> str:
        used[what] += 1
        return f"{what}-{used[what]}-{test}-{digest:08x}{_rebalance_run_suffix}"

    return name


def _value(config: pytest.Config) -> str:
    option: str | None = config.getoption(_OPTION)
    ini: str = config.getini("rebalance_broker")
    return option or ini


def _chosen(config: pytest.Config) -> tuple[str, ...]:
    from rebalance.testing.brokers import chosen

    try:
        return chosen(_value(config))
    except ValueError as error:
        raise pytest.UsageError(f"{_OPTION}: {error}") from None
