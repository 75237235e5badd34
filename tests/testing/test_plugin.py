"""The pytest plugin in suites of somebody else's, which may or may not use it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rebalance.testing import brokers
from rebalance.testing.apache_kafka.libraries import CACHE_VARIABLE
from rebalance.testing.brokers import KafkaBroker

USES_IT = """
import pytest
from rebalance.testing.apache_kafka.readiness import answers

@pytest.fixture(scope="session")
def rebalance_broker_settings():
    return {"num.partitions": "3"}

def test_answers(rebalance_broker, rebalance_broker_kind, rebalance_unique):
    host, _, port = rebalance_broker.bootstrap_servers.rpartition(":")
    assert answers(host, int(port))
    assert rebalance_broker.kind == rebalance_broker_kind
    assert rebalance_unique("topic") != rebalance_unique("topic")
"""
DOES_NOT = """
import sys
import pytest

@pytest.fixture(params=[1, 2])
def kafka_broker(request):
    return request.param

def test_its_own_fixture(kafka_broker):
    loaded = {"numpy", "aiokafka", "kio", "hypothesis", "asyncio", "typer"} & set(sys.modules)
    assert not loaded
"""


def suite(tmp_path: Path, text: str, *arguments: str, **environment: str) -> str:
    """The output of pytest on a suite of one file; its last line has the counts."""
    (tmp_path / "test_mine.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-W", "error", "-rs"]
    done = subprocess.run(
        [*command, *arguments, "."],
        cwd=tmp_path,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def test_a_suite_that_does_not_use_it_notices_nothing(tmp_path: Path) -> None:
    out = suite(tmp_path, DOES_NOT, "-p", "no:hypothesispytest", "-p", "no:anyio")
    assert "2 passed" in out, out


def test_the_embedded_broker_is_the_default(tmp_path: Path) -> None:
    out = suite(tmp_path, USES_IT, "-vv")
    assert "test_answers[embedded] PASSED" in out, out
    assert "1 passed" in out


def test_a_default_in_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nrebalance_broker = nonsense\n")
    out = suite(tmp_path, USES_IT)
    assert "'nonsense' is not embedded, apache-kafka, both or HOST:PORT" in out


def test_apache_kafka_that_cannot_run(tmp_path: Path) -> None:
    bare = {"PATH": str(tmp_path), CACHE_VARIABLE: str(tmp_path)}
    asked = suite(tmp_path, USES_IT, "--rebalance-broker", "apache-kafka", **bare)
    assert "Apache Kafka cannot run here: no `java` on PATH" in asked
    assert "1 error" in asked

    beside = suite(tmp_path, USES_IT, "--rebalance-broker", "both", **bare)
    assert "Apache Kafka cannot run here: no `java` on PATH" in beside
    assert "1 passed, 1 skipped" in beside


def test_a_broker_that_is_there(
    tmp_path: Path, kafka_broker: KafkaBroker, unique: Callable[[str], str]
) -> None:
    servers = kafka_broker.bootstrap_servers
    text = USES_IT.replace("rebalance_broker.kind == rebalance_broker_kind", "True")
    out = suite(tmp_path, text, "-vv", "--rebalance-broker", servers)
    assert f"test_answers[{servers}] PASSED" in out, out
    assert unique("topic") != unique("topic")


def test_what_can_be_chosen() -> None:
    assert brokers.chosen("both") == ("embedded", "apache-kafka")
    assert brokers.chosen("localhost:9092") == ("localhost:9092",)
    assert brokers.outlives_the_run("localhost:9092")
    assert not brokers.outlives_the_run("both")
    with pytest.raises(ValueError, match="HOST:PORT"):
        brokers.chosen("localhost")


@pytest.mark.parametrize(
    ("line", "missing", "says"),
    [
        ("import rebalance.testing.plugin", "hypothesis", ""),
        (
            "from rebalance.testing import AssignorContract",
            "hypothesis",
            "AssignorContract needs hypothesis: install kafka-rebalance[testing]",
        ),
        (
            "from rebalance.testing import AssignorContract",
            "pytest",
            "AssignorContract needs pytest: install kafka-rebalance[testing]",
        ),
        (
            "from rebalance.testing import strategies",
            "hypothesis",
            "rebalance.testing.strategies needs hypothesis: install kafka-rebalance[testing]",
        ),
        ("from rebalance.testing import ApacheKafka, KafkaBroker, adapted", "hypothesis", ""),
    ],
)
def test_a_bare_install(line: str, missing: str, says: str) -> None:
    script = f"import sys; sys.modules[{missing!r}] = None; {line}"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    if says:
        assert done.stderr.splitlines()[-1].endswith(says)
    else:
        assert done.stderr == ""
