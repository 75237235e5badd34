"""`rebalance demo` on both brokers: real consumers, every record seen, every cause named."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from rebalance.cli.demonstration.script import demo_script
from rebalance.timeline.trace import MemberFailed, RebalanceStarted, Step, read_trace
from tests.cli.commands import COMMAND, ROOT, rebalance
from tests.cli.serving import served
from tests.support.brokers import KafkaBroker


def _where(broker: KafkaBroker) -> list[str]:
    if broker.kind == "embedded":
        return []
    return ["--bootstrap-server", broker.bootstrap_servers]


@pytest.mark.parametrize("assignor", ["range", "sticky"])
def test_demo_draws_what_happened(kafka_broker: KafkaBroker, tmp_path: Path, assignor: str) -> None:
    file = tmp_path / "demo.jsonl"
    outcome = rebalance(
        "demo", *_where(kafka_broker), "--assignor", assignor, "--trace", str(file), "--width", "80"
    )
    assert outcome.code == 0, outcome.err
    for cause in ("member joined", "member left", "session expired"):
        assert cause in outcome.out
    assert ("embedded broker" if kafka_broker.kind == "embedded" else "cluster at") in outcome.out
    lines = [line for line in outcome.out.splitlines() if str(file) not in line]
    assert max(map(len, lines)) <= 80
    steps = [event.text for event in read_trace(file).events if isinstance(event, Step)]
    assert steps[: len(list(demo_script(3)))] == [step.text for step in demo_script(3)]


def test_demo_as_json_on_the_embedded_broker_has_the_coordinators_word() -> None:
    # A session that nobody who lives overruns: whoever does owns on while another already owns.
    session = ("--session-timeout-ms", "4000")
    outcome = rebalance("demo", "--json", "--members", "4", "--partitions", "10", *session)
    assert outcome.code == 0, outcome.err
    result = json.loads(outcome.out)
    assert result["records"]["missing"] == 0
    assert result["records"]["produced"] > 0
    causes = [rebalance["cause"] for rebalance in result["rebalances"]]
    assert "member left" in causes
    assert "session expired" in causes
    assert {rebalance["cause_source"] for rebalance in result["rebalances"]} == {"coordinator"}
    assert result["metrics"]["member_view"]["double_owned_partition_ms"] == 0


def test_a_crash_of_a_member_without_partitions_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "demo.jsonl"
    outcome = rebalance("demo", "--members", "2", "--partitions", "1", "--trace", str(file))
    assert outcome.code == 0, outcome.err
    started = [event for event in read_trace(file).events if isinstance(event, RebalanceStarted)]
    assert "session expired" in [event.cause for event in started]


def test_a_refused_session_timeout_names_option_and_limits(kafka_broker: KafkaBroker) -> None:
    arguments = ["--bootstrap-server", kafka_broker.bootstrap_servers]
    outcome = rebalance("demo", *arguments, "--session-timeout-ms", "9999999")
    assert outcome.code == 1
    assert "Traceback" not in outcome.err
    last = outcome.err.splitlines()[-1]
    assert "--session-timeout-ms 9999999" in last
    assert "group.max.session.timeout.ms" in last


def test_demo_writes_the_coordinators_view_of_the_embedded_broker(tmp_path: Path) -> None:
    file = tmp_path / "demo.jsonl"
    assert rebalance("demo", "--members", "2", "--trace", str(file)).code == 0
    causes = [
        event.cause for event in read_trace(file).events if isinstance(event, RebalanceStarted)
    ]
    assert causes[0] == "member joined"
    assert "session expired" in causes


BROKEN = """
class Broken:
    name = "broken"
    calls = 0

    def assign(self, cluster, members):
        Broken.calls += 1
        if Broken.calls > 1:
            raise RuntimeError("a bug of its author")
        first = min(members)
        return {first: [(t, p) for t, count in cluster.partitions.items() for p in range(count)]}
"""


def test_a_demo_that_fails_shows_how_far_it_came(tmp_path: Path) -> None:
    (tmp_path / "broken_module.py").write_text(BROKEN)
    file = tmp_path / "demo.jsonl"
    outcome = rebalance(
        "demo", "--assignor", "broken_module:Broken", "--trace", str(file), path=tmp_path
    )
    assert outcome.code == 1
    assert "Traceback" not in outcome.err
    assert "a bug of its author" in outcome.err.splitlines()[-1]
    assert "member joined" in outcome.out
    assert any(isinstance(event, MemberFailed) for event in read_trace(file).events)


async def _left_behind(servers: str) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        groups = [name for name, *_ in await admin.list_consumer_groups()]
        return [n for n in [*await admin.list_topics(), *groups] if n.startswith("rebalance-demo")]
    finally:
        await admin.close()


async def test_demo_leaves_a_cluster_as_it_found_it(kafka_broker: KafkaBroker) -> None:
    # To the demo the fixture's embedded broker is a cluster like any other.
    servers = kafka_broker.bootstrap_servers
    outcome = rebalance("demo", "--bootstrap-server", servers, "--members", "2")
    assert outcome.code == 0, outcome.err
    assert await _left_behind(servers) == []


@contextmanager
def _running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A demo of which the first member has settled."""
    with subprocess.Popen(
        [*COMMAND, "demo", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            while "A starts" not in (line := process.stderr.readline()):
                assert line, "the demo ended too soon"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_demo_that_is_stopped_cleans_up(
    kafka_broker: KafkaBroker, how: signal.Signals, code: int
) -> None:
    servers = kafka_broker.bootstrap_servers
    with _running("--bootstrap-server", servers) as process:
        process.send_signal(how)
        out, err = process.communicate(timeout=45)
    assert (process.returncode, out) == (code, "")
    assert "Traceback" not in err
    assert await _left_behind(servers) == []


def test_a_broker_that_dies_is_told(tmp_path: Path) -> None:
    file = tmp_path / "demo.jsonl"
    with served("--set", "group.min.session.timeout.ms=100") as (broker, servers):
        arguments = ["--session-timeout-ms", "1000", "--trace", str(file)]
        with _running("--bootstrap-server", servers, *arguments) as process:
            broker.kill()
            out, err = process.communicate(timeout=80)
    assert process.returncode == 1
    assert "Traceback" not in err
    assert "left behind on the cluster" in err
    assert "failed: " in err.splitlines()[-1]
    assert "rebalance-demo" in out
    assert read_trace(file).events
