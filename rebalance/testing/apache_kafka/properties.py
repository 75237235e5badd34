"""The broker's properties file: one node that is broker and controller, on 127.0.0.1 only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

HOST = "127.0.0.1"


def server_properties(
    *, port: int, controller_port: int, data: Path, settings: Mapping[str, str]
) -> str:
    """The text of the file; ``settings`` has the last word.

    Besides what makes one node possible at all, only these are not Kafka's own defaults: no initial
    delay, no lower limit on the session timeout a test asks for, and one thread each to read and to
    handle requests, so that what was sent on one connection is handled before what is sent on
    another once an answer has come back there (tests/conversations rely on it).
    """
    client, controller = f"PLAINTEXT://{HOST}:{port}", f"CONTROLLER://{HOST}:{controller_port}"
    properties = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"{client},{controller}",
        "advertised.listeners": client,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(data),
        "offsets.topic.num.partitions": "1",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "num.network.threads": "1",
        "num.io.threads": "1",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1",
        **settings,
    }
    return "".join(f"{key}={_escaped(value)}\n" for key, value in properties.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n")
