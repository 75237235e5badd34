"""Kafka's own Java `Admin` on both brokers: what `kafka-consumer-groups` does, told the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.admin.twin import differences, until
from tests.java import require_java
from tests.java.admin import JavaAdmin

Unique = Callable[[str], str]


class AdminTwin:
    """Two of them, which are told the same and must answer the same."""

    def __init__(self, embedded: JavaAdmin, kafka: JavaAdmin) -> None:
        self.embedded, self.kafka = embedded, kafka

    def ask(self, command: str, **arguments: Any) -> Any:
        """Both answers are one; its result, or (exception, message)."""
        ours, kafkas = self._answers(command, arguments)
        assert ours == kafkas, "\n".join([command, *differences(ours, kafkas)])
        return ours.get("result", (ours.get("error"), ours.get("message")))

    def settle(self, command: str, **arguments: Any) -> Any:
        """Ask until both say the same: what was made reaches Kafka's broker a little later."""

        def same() -> Any:
            ours, kafkas = self._answers(command, arguments)
            return ours["result"] if ours == kafkas else None

        return until(same, command)

    def _answers(self, command: str, arguments: Any) -> tuple[Any, Any]:
        for admin in (self.embedded, self.kafka):
            admin.send(command, **arguments)
        return _normal(self.embedded.receive()), _normal(self.kafka.receive())


def _normal(value: Any) -> Any:
    """Member ids by their instance's, members in no order."""
    if isinstance(value, dict):
        plain = {key: _normal(item) for key, item in value.items()}
        if plain.get("instance") is not None:
            plain["member_id"] = plain["member_id"].startswith(plain["instance"] + "-")
        return plain
    return sorted(map(_normal, value), key=repr) if isinstance(value, list) else value


@pytest.fixture(scope="module")
def admins(twin_brokers: tuple[str, str]) -> Iterator[AdminTwin]:
    require_java("Kafka's Admin")
    embedded, kafka = twin_brokers
    with JavaAdmin(embedded) as ours, JavaAdmin(kafka) as kafkas:
        yield AdminTwin(ours, kafkas)


def test_a01_a02_list_and_describe_with_members(
    admins: AdminTwin, topic: str, group: str, unique: Unique
) -> None:
    for filters in (
        {},
        {"states": ["Stable"]},
        {"states": ["Stable", "Empty"], "types": ["classic"]},
        {"types": ["classic"]},
    ):
        assert admins.ask("list", **filters)[group]["state"] == "Stable"
    for filters in ({"states": ["Empty"]}, {"types": ["consumer"]}, {"types": ["share"]}):
        assert group not in admins.ask("list", **filters)
    told = admins.ask("describe", groups=[group, unique("missing")])
    assert told[group]["assignor"] == "range"
    owned = {member["instance"]: member["assigned"] for member in told[group]["members"]}
    assert owned == {"one": {topic: [0]}, "two": {topic: [1]}}


def test_h04_members_are_removed_by_their_instance(admins: AdminTwin, group: str) -> None:
    assert admins.ask("remove-members", group=group, instances=["stranger"])[0] is not None
    assert admins.ask("remove-members", group=group, instances=["two"]) == {"removed": True}
    told = admins.ask("describe", groups=[group])[group]
    assert [member["instance"] for member in told["members"]] == ["one"]
    assert admins.ask("remove-members", group=group) == {"removed": True}
    assert admins.ask("describe", groups=[group])[group]["members"] == []
    assert admins.ask("list", states=["Empty"])[group]["state"] == "Empty"


def test_a03_offsets_are_reset_and_groups_deleted(
    admins: AdminTwin, topic: str, group: str, unique: Unique
) -> None:
    simple = unique("simple")
    wanted = {topic: {"0": 3, "1": 0}}
    assert admins.ask("reset", group=simple, offsets=wanted) == {"altered": 2}
    assert admins.ask("offsets", groups=[simple])[simple][f"{topic}-0"]["offset"] == 3
    ends = {topic: [0, 1]}
    assert admins.ask("reset-to-end", group=simple, partitions=ends) == {"altered": 2}
    told = admins.ask("offsets", groups=[simple, group, unique("missing")])
    assert [told[simple][f"{topic}-{index}"]["offset"] for index in (0, 1)] == [5, 0]
    assert admins.ask("list")[simple]["simple"] is True
    admins.ask("describe", groups=[simple])
    assert admins.ask("reset", group=group, offsets=wanted)[0] == "UnknownMemberIdException"
    missing = {unique("missing"): {"0": 1}}
    assert admins.ask("reset", group=simple, offsets=missing)[0] is not None
    gone = admins.ask("delete", groups=[simple, group, unique("missing")])
    assert gone[simple] == {"ok": True}
    assert gone[group]["error"] == "GroupNotEmptyException"
    assert admins.ask("offsets", groups=[simple])[simple] == {}


def test_a00_topics_by_kafkas_admin(admins: AdminTwin, topic: str, unique: Unique) -> None:
    name, missing = unique("topic"), unique("missing")
    made = admins.ask("create-topic", topic=name, partitions=2, configs={"retention.ms": "5"})
    assert (made["partitions"], len(made["configs"])) == (2, 37)
    admins.ask("create-topic", topic=name, partitions=2)
    admins.ask("create-topic", topic=unique("topic"), configs={"nope": "5"})
    assert admins.ask("create-partitions", topic=name, count=4) == {"ok": True}
    admins.ask("create-partitions", topic=name, count=3)
    admins.ask("create-partitions", topic=missing, count=3)
    assert len(admins.settle("describe-topics", topics=[name, missing])[name]["partitions"]) == 4
    ends = {topic: [0, 1]}
    assert admins.ask("list-offsets", partitions=ends)[f"{topic}-0"] == {"first": 0, "end": 5}
    deleted = admins.ask("delete-records", topic=topic, partition=0, before=2)
    assert deleted == {"low_watermark": 2}
    admins.ask("delete-records", topic=topic, partition=0, before=99)
    assert admins.ask("list-offsets", partitions=ends)[f"{topic}-0"] == {"first": 2, "end": 5}
    assert admins.ask("delete-topics", topics=[name, missing])[name] == {"ok": True}


def test_a00_configs_and_the_cluster_by_kafkas_admin(admins: AdminTwin, topic: str) -> None:
    assert len(admins.ask("describe-configs", type="topic", name=topic)) == 37
    assert len(admins.ask("describe-configs", type="group", name="g")) == 21
    changes = [["SET", "retention.bytes", "7"], ["APPEND", "cleanup.policy", "compact"]]
    assert admins.ask("alter-configs", type="topic", name=topic, changes=changes) == {"ok": True}
    wrong = [["SET", "retention.bytes", "x"]]
    refused = admins.ask("alter-configs", type="topic", name=topic, changes=wrong)
    assert refused["error"] == "InvalidConfigurationException"
    assert admins.ask("describe-cluster") == {"nodes": 1, "controller": 1}
    assert admins.ask("describe-acls")[0] == "SecurityDisabledException"
    admins.ask("list-config-resources")
