"""`rebalance demo` on both brokers: real consumers, every record seen, every cause named."""

import json
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from rebalance.cli.demonstration.script import demo_script
from rebalance.timeline.trace import RebalanceStarted, Step, read_trace
from tests.cli.commands import rebalance
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
    outcome = rebalance("demo", "--json", "--members", "4", "--partitions", "10")
    assert outcome.code == 0, outcome.err
    result = json.loads(outcome.out)
    assert result["records"]["missing"] == 0
    assert result["records"]["produced"] > 0
    causes = [rebalance["cause"] for rebalance in result["rebalances"]]
    assert "member left" in causes
    assert "session expired" in causes
    assert {rebalance["cause_source"] for rebalance in result["rebalances"]} == {"coordinator"}
    assert result["metrics"]["member_view"]["double_owned_partition_ms"] == 0


def test_demo_writes_the_coordinators_view_of_the_embedded_broker(tmp_path: Path) -> None:
    file = tmp_path / "demo.jsonl"
    assert rebalance("demo", "--members", "2", "--trace", str(file)).code == 0
    causes = [
        event.cause for event in read_trace(file).events if isinstance(event, RebalanceStarted)
    ]
    assert causes[0] == "member joined"
    assert "session expired" in causes


async def test_demo_leaves_a_cluster_as_it_found_it(kafka_broker: KafkaBroker) -> None:
    # To the demo the fixture's embedded broker is a cluster like any other.
    servers = kafka_broker.bootstrap_servers
    outcome = rebalance("demo", "--bootstrap-server", servers, "--members", "2")
    assert outcome.code == 0, outcome.err
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        assert not [name for name in await admin.list_topics() if name.startswith("rebalance-demo")]
        if kafka_broker.kind != "embedded":
            groups = await admin.list_consumer_groups()
            assert not [name for name, *_ in groups if name.startswith("rebalance-demo")]
    finally:
        await admin.close()
