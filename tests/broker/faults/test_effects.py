"""Each effect with each way to select, on raw sockets: who is meant and who is not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from rebalance.broker import EmbeddedBroker
from rebalance.broker.faults import Fault
from rebalance.protocol.errors import ErrorCode
from tests.broker.batch_maker import batch
from tests.broker.handlers.test_groups import join_of, joined
from tests.broker.raw import RawConnection, connected, create_topic, run

FAST = {"group.initial.rebalance.delay.ms": "0"}

MEANT: dict[str, dict[str, Any]] = {
    "api": {"api": "Heartbeat"},
    "apis": {"api": ("JoinGroup", "Heartbeat")},
    "client_id": {"client_id": "raw"},
    "group_id": {"group_id": "g"},
    "member_id": {"member_id": "m"},
    "group_instance_id": {"group_instance_id": "i"},
    "node_id": {"node_id": 1},
    "all at once": {"api": "Heartbeat", "client_id": "raw", "group_id": "g", "node_id": 1},
}
OTHERS: dict[str, dict[str, Any]] = {
    "api": {"api": "SyncGroup"},
    "apis": {"api": ["JoinGroup", "SyncGroup"]},
    "client_id": {"client_id": "else"},
    "group_id": {"group_id": "h"},
    "member_id": {"member_id": "n"},
    "group_instance_id": {"group_instance_id": "j"},
    "all but one": {"api": "Heartbeat", "client_id": "raw", "group_id": "h", "node_id": 1},
}
_BEAT = {"group_id": "g", "generation_id": 1, "member_id": "m", "group_instance_id": "i"}
_NOBODY = 25
"""UNKNOWN_MEMBER_ID: what the coordinator itself says to this heartbeat."""


async def _beat(client: RawConnection) -> int:
    answer = await client.ask("heartbeat", 4, _BEAT)
    code: int = answer.error_code.value
    return code


async def _is_dropped(broker: EmbeddedBroker) -> bool:
    async with connected(broker) as client:
        client.send("heartbeat", 4, _BEAT)
        return await client.is_closed_by_peer()


async def _is_held(client: RawConnection, fault: Fault) -> bool:
    """Nothing is answered until the fault is released; the answer is the coordinator's then."""
    client.send("heartbeat", 4, _BEAT)
    await fault.hit()
    receiving = asyncio.ensure_future(client.receive("heartbeat", 4))
    async with connected_to(client) as other:
        await other.ask("api_versions", 0)  # the broker had every occasion to answer
    assert not receiving.done()
    fault.release()
    code: int = (await receiving).error_code.value
    return code == _NOBODY


def connected_to(client: RawConnection) -> Any:
    host, port = client.writer.get_extra_info("peername")[:2]

    class _Broker:
        bootstrap_servers = f"{host}:{port}"

    return connected(_Broker())


Make = Callable[[EmbeddedBroker, dict[str, Any]], Fault]
EFFECTS: dict[str, Make] = {
    "delay": lambda broker, which: broker.delay(3600, **which),
    "hold before": lambda broker, which: broker.hold("before", **which),
    "hold after": lambda broker, which: broker.hold("after", **which),
    "drop before": lambda broker, which: broker.drop("before", **which),
    "drop after": lambda broker, which: broker.drop("after", **which),
    "answer_with": lambda broker, which: broker.answer_with("REBALANCE_IN_PROGRESS", **which),
    "throttle": lambda broker, which: broker.throttle(3_600_000, **which),
    "watch": lambda broker, which: broker.watch(**which),
}


@pytest.mark.parametrize("which", MEANT)
@pytest.mark.parametrize("effect", EFFECTS)
def test_an_effect_befalls_who_is_meant(effect: str, which: str) -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            fault = EFFECTS[effect](broker, {**MEANT[which], "times": 1})
            if effect.startswith("drop"):
                assert await _is_dropped(broker)
            elif effect in ("delay", "hold before", "hold after"):
                assert await _is_held(client, fault)
            elif effect == "answer_with":
                assert await _beat(client) == ErrorCode.REBALANCE_IN_PROGRESS
            elif effect == "throttle":
                answer = await client.ask("heartbeat", 4, _BEAT)
                assert answer.throttle_time.total_seconds() == 3600
            else:
                assert await _beat(client) == _NOBODY
            assert fault.hits == 1
            async with connected(broker) as again:  # `times` is over
                assert await _beat(again) == _NOBODY
            assert (fault.hits, fault.is_over, broker.faults) == (1, True, ())

    run(main())


@pytest.mark.parametrize("which", OTHERS)
@pytest.mark.parametrize("effect", EFFECTS)
def test_an_effect_leaves_others_alone(effect: str, which: str) -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            fault = EFFECTS[effect](broker, OTHERS[which])
            answer = await client.ask("heartbeat", 4, _BEAT)
            assert (answer.error_code.value, answer.throttle_time.total_seconds()) == (_NOBODY, 0)
            assert (fault.hits, fault.is_over, broker.faults) == (0, False, (fault,))

    run(main())


@pytest.mark.parametrize(
    ("name", "version", "body"),
    [
        ("offset_fetch", 8, {"groups": [{"group_id": "f"}, {"group_id": "g"}]}),
        ("describe_groups", 6, {"groups": ["f", "g"]}),
        ("delete_groups", 2, {"groups_names": ["f", "g"]}),
        ("find_coordinator", 4, {"key_type": 0, "coordinator_keys": ["f", "g"]}),
        ("find_coordinator", 1, {"key_type": 0, "key": "g"}),
        ("find_coordinator", 0, {"key": "g"}),
        ("add_offsets_to_txn", 3, {"transactional_id": "t", "group_id": "g"}),
        ("txn_offset_commit", 3, {"transactional_id": "t", "group_id": "g"}),
        ("offset_delete", 0, {"group_id": "g"}),
    ],
)
def test_a_group_is_found_wherever_it_is_named(
    name: str, version: int, body: dict[str, Any]
) -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            meant, other = broker.watch(group_id="g"), broker.watch(group_id="x")
            await client.ask(name, version, body)
            assert (meant.hits, other.hits) == (1, 0)

    run(main())


def test_a_transactional_id_is_no_group() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            seen = broker.watch(group_id="g")
            await client.ask("find_coordinator", 1, {"key_type": 1, "key": "g"})
            assert seen.hits == 0

    run(main())


@pytest.mark.parametrize("which", [{"member_id": "m"}, {"group_instance_id": "i"}])
def test_a_member_is_found_in_a_batch(which: dict[str, Any]) -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            seen = broker.watch(**which)
            members = [{"member_id": "n"}, {"member_id": "m", "group_instance_id": "i"}]
            await client.ask("leave_group", 3, {"group_id": "g", "members": members})
            groups = [{"group_id": "g", "member_id": "m"}]
            await client.ask("offset_fetch", 9, {"groups": groups})
            assert seen.hits == (2 if "member_id" in which else 1)

    run(main())


@pytest.mark.parametrize(("when", "members"), [("before", 0), ("after", 1)])
def test_drop_and_hold_are_before_or_after_the_effect(when: Any, members: int) -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker:
            for make in (broker.drop, broker.hold):
                group = make.__name__
                fault = make(when, api="JoinGroup", times=1)
                async with connected(broker) as client:
                    client.send("join_group", 3, join_of(group))
                    await fault.hit()
                    if make == broker.drop:
                        assert await client.is_closed_by_peer()
                    found = broker.group(group)
                    assert (0 if found is None else len(found.members)) == members
                    fault.release()

    run(main())


def test_what_is_held_goes_on_in_the_order_in_which_it_came() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker:
            fault = broker.hold(api="CreateTopics")
            clients = []
            for number in range(5):
                context = connected(broker)
                client = await context.__aenter__()
                clients.append((context, client))
                wanted = {"name": f"t{number}", "num_partitions": 1, "replication_factor": 1}
                client.send("create_topics", 4, {"topics": [wanted], "timeout": 1})
                await fault.hit(number + 1)
            fault.release()
            for context, client in clients:
                await client.receive("create_topics", 4)
                await context.__aexit__(None, None, None)
            async with connected(broker) as client:
                answer = await client.ask("metadata", 1, {"topics": None})
                assert [topic.name for topic in answer.topics] == ["t0", "t1", "t2", "t3", "t4"]

    run(main())


def test_a_delay_is_over_by_itself() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            fault = broker.delay(0.01, api="Heartbeat")
            assert await _beat(client) == _NOBODY
            assert (fault.hits, fault.is_over) == (1, False)

    run(main())


@pytest.mark.parametrize("version", [0, 4])
def test_a_throttled_connection_is_not_read_and_others_are(version: int) -> None:
    """Also in version 0, which cannot say so (KIP-219)."""

    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            seen = broker.watch(api="ApiVersions")
            broker.throttle(3_600_000, api="Heartbeat", times=1)
            client.send("heartbeat", version, _BEAT)
            client.send("api_versions", 0)
            assert (await client.receive("heartbeat", version)).error_code.value == _NOBODY
            async with connected(broker) as other:
                await other.ask("api_versions", 1)
            assert [request.version for request in seen.requests] == [1]

    run(main())


def test_a_throttled_connection_is_read_again_in_time() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            fault = broker.throttle(10, api="Heartbeat")
            for _ in range(3):
                answer = await client.ask("heartbeat", 4, _BEAT)
                assert answer.throttle_time.total_seconds() == 0.01
            assert fault.hits == 3

    run(main())


def test_a_throttled_fetch_brings_no_records() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            await create_topic(client, "orders")
            data = [{"index": 0, "records": batch(b"a")}]
            produced = {"acks": -1, "topic_data": [{"name": "orders", "partition_data": data}]}
            await client.ask("produce", 9, produced)
            parts = [{"partition": 0, "fetch_offset": 0, "partition_max_bytes": 10_000}]
            asked = {"replica_id": -1, "max_bytes": 10_000, "min_bytes": 1, "max_wait": 100}
            body = {**asked, "topics": [{"topic": "orders", "partitions": parts}]}
            with broker.throttle(1, api="Fetch"):
                answer = await client.ask("fetch", 11, body)
                assert (answer.responses, answer.throttle_time.total_seconds()) == ((), 0.001)
            assert (await client.ask("fetch", 11, body)).responses[0].partitions[0].records

    run(main())


def test_rules_are_asked_in_the_order_in_which_they_were_made() -> None:
    """What takes the effect away ends it; after the effect, in the same order."""

    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            first = broker.throttle(1)
            second = broker.answer_with("NOT_COORDINATOR", times=1)
            third = broker.answer_with("REBALANCE_IN_PROGRESS")
            fourth = broker.drop("before")
            answer = await client.ask("heartbeat", 4, _BEAT)
            assert (answer.error_code.value, answer.throttle_time.total_seconds()) == (16, 0.001)
            assert await _beat(client) == 27
            assert [fault.hits for fault in (first, second, third, fourth)] == [2, 1, 1, 0]
            assert broker.faults == (first, third, fourth)
            third.release()
            assert await _is_dropped(broker)
            assert [fault.hits for fault in (first, third, fourth)] == [3, 1, 1]

    run(main())


def test_the_longest_throttle_counts() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            for throttle_time_ms in (1, 3, 2):
                broker.throttle(throttle_time_ms)
            answer = await client.ask("heartbeat", 4, _BEAT)
            assert answer.throttle_time.total_seconds() == 0.003

    run(main())


def test_watch_remembers_requests_and_what_they_were_answered() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            seen = broker.watch(group_id="g")
            member = await joined(client, "g", 9, group_instance_id="i")
            await client.ask("heartbeat", 4, {**_BEAT, "member_id": member.member_id})
            joining, beat = seen.requests
            assert (joining.api, joining.version, joining.errors) == ("JoinGroup", 9, ())
            assert (joining.client_id, joining.group_instance_ids) == ("raw", ("i",))
            assert (beat.group_ids, beat.member_ids) == (("g",), (member.member_id,))
            assert beat.errors == ()
            await _beat(client)
            assert seen.requests[-1].errors == (ErrorCode.FENCED_INSTANCE_ID,)
            assert beat.correlation_id == joining.correlation_id + 1
            broker.drop("after", api="Heartbeat")
            assert await _is_dropped(broker)
            assert (seen.requests[-1].was_cut, seen.requests[-1].errors) == (True, None)

    run(main())


def test_a_released_fault_is_off_and_a_block_releases_it() -> None:
    async def main() -> None:
        async with EmbeddedBroker(FAST) as broker, connected(broker) as client:
            fault = broker.answer_with("NOT_COORDINATOR")
            fault.release()
            fault.release()
            with broker.answer_with("NOT_COORDINATOR"):
                assert await _beat(client) == 16
            async with broker.answer_with("NOT_COORDINATOR"):
                assert await _beat(client) == 16
            assert await _beat(client) == _NOBODY
            assert broker.faults == ()

    run(main())


def test_faults_made_before_the_broker_starts_are_on_from_its_first_request() -> None:
    async def main() -> None:
        broker = EmbeddedBroker(FAST)
        fault = broker.answer_with("NOT_COORDINATOR", times=1)
        async with broker, connected(broker) as client:
            assert await _beat(client) == 16
            assert fault.hits == 1

    run(main())


def test_a_broker_that_stops_lets_nothing_wait() -> None:
    async def main() -> None:
        broker = EmbeddedBroker(FAST)
        await broker.start()
        async with connected(broker) as client:
            fault = broker.hold()
            client.send("heartbeat", 4, _BEAT)
            await fault.hit()
            await broker.stop()
            assert await client.is_closed_by_peer()
        assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []

    run(main(), 10)
