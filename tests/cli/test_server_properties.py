"""`serve --config`: Kafka's own configuration starts this broker, or says why not and where."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from rebalance.cli.errors import UsageError
from rebalance.cli.server_properties import read_server_properties
from tests.admin.twin import plain
from tests.cli.commands import complaint, rebalance
from tests.cli.serving import served
from tests.conversations.raw import Connection

AS_SHIPPED = """\
# As in the file that Kafka ships, shortened
process.roles=broker,controller
node.id=7
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:0,CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,\\
    SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
num.network.threads=3
log.dirs=/tmp/kraft-combined-logs
num.partitions : 4
default.replication.factor 3
group.initial.rebalance.delay.ms=0
log.retention.hours=168
"""


def _file(directory: Path, text: str) -> Path:
    path = directory / "server.properties"
    path.write_text(text)
    return path


def test_what_concerns_this_broker_is_taken_and_the_rest_named(tmp_path: Path) -> None:
    read = read_server_properties(_file(tmp_path, AS_SHIPPED))
    assert read.settings == {
        "node.id": "7",
        "advertised.listeners": "PLAINTEXT://localhost:9092",
        "num.partitions": "4",
        "group.initial.rebalance.delay.ms": "0",
        "log.retention.hours": "168",
    }
    assert (read.host, read.port) == ("127.0.0.1", 0)
    assert set(read.ignored) == {
        "process.roles",
        "controller.quorum.bootstrap.servers",
        "inter.broker.listener.name",
        "listener.security.protocol.map",
        "num.network.threads",
        "log.dirs",
        "default.replication.factor",
    }


def test_other_listeners_than_plaintext_are_not_ours(tmp_path: Path) -> None:
    text = "listeners=SSL://:9093\nadvertised.listeners=SSL://a:9093\nbroker.id=3\n"
    read = read_server_properties(_file(tmp_path, text))
    assert (read.host, read.port, read.ignored) == (None, None, ("advertised.listeners",))
    assert read.settings == {"node.id": "3"}


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("# first\nnum.partitions=0\n", 2, "num.partitions"),
        ("a=1,\\\n2\nmessage.max.bytes=many\n", 3, "message.max.bytes"),
        ("group.min.session.timeout.ms=-1\n", 1, "group.min.session.timeout.ms"),
        ("listeners=PLAINTEXT://here\n", 1, "host:port"),
        ("listeners=PLAINTEXT://:99999\n", 1, "host:port"),
        ("x=\\u00\n", 1, "malformed"),
    ],
)
def test_a_value_that_is_not_allowed(tmp_path: Path, text: str, line: int, word: str) -> None:
    path = _file(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        read_server_properties(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert word in str(caught.value)


def test_the_command_says_so_in_one_line(tmp_path: Path) -> None:
    path = _file(tmp_path, "\nnum.partitions=0\n")
    assert f"{path}:2: " in complaint(rebalance("serve", "--config", str(path)))
    at_odds = "group.min.session.timeout.ms=9000\ngroup.max.session.timeout.ms=8000\n"
    path = _file(tmp_path, at_odds)
    assert "group.max.session.timeout.ms" in complaint(rebalance("serve", "--config", str(path)))


def test_options_go_before_the_file_and_one_warning_names_what_is_left_out(tmp_path: Path) -> None:
    text = AS_SHIPPED.replace("advertised.listeners", "#")
    path = _file(tmp_path, text)
    with served("--config", str(path), "--set", "num.partitions=5") as (process, servers):
        host, _, port = servers.rpartition(":")
        connection = Connection((host, int(port)), "x")
        for _ in range(2):
            answer = plain(connection.ask("metadata", 9, {"topics": [{"name": "made"}]}))
        connection.close()
        assert [node["node_id"] for node in answer["brokers"]] == [7]
        assert len(answer["topics"][0]["partitions"]) == 5
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    (warning,) = err.splitlines()
    assert warning.startswith(f"rebalance: warning: {path}: of no effect here: ")
    assert "log.dirs" in warning


def test_listening_beyond_loopback_gives_a_warning() -> None:
    with served("--host", "0.0.0.0") as (process, servers):
        assert servers.startswith("127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    (warning,) = err.splitlines()
    assert "0.0.0.0" in warning
    assert "no authentication" in warning
