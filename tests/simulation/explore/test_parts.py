"""Copies and comparisons of the real machines: what is shared, what is left out."""

from rebalance.coordinator import GroupCoordinator
from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.protocol.config import CoordinatorConfig
from rebalance.protocol.effects import Received
from rebalance.protocol.requests import GroupProtocol, HeartbeatRequest, JoinGroupRequest
from rebalance.simulation.checkers import Checkers
from rebalance.simulation.explore.broker import Broker, Sent, context_of
from rebalance.simulation.explore.canonical import canonical
from rebalance.simulation.explore.copying import copied
from rebalance.simulation.views import Views
from rebalance.timeline import trace

CONFIG = CoordinatorConfig(group_initial_rebalance_delay_ms=0)


def join(member_id: str = "", version: int = 3) -> JoinGroupRequest:
    return JoinGroupRequest(
        group_id="g",
        session_timeout_ms=10_000,
        rebalance_timeout_ms=60_000,
        member_id=member_id,
        protocol_type="consumer",
        protocols=(GroupProtocol(name="range", metadata=b"m"),),
        client_id="c",
        version=version,
    )


def one_member() -> GroupCoordinator:
    coordinator = GroupCoordinator(CONFIG, iter("123456789").__next__)
    coordinator.handle(Received(token="join", request=join()), 0)
    coordinator.advance(0)
    return coordinator


def group_of(coordinator: GroupCoordinator) -> ClassicGroup:
    return context_of(coordinator).groups["g"]


def test_a_copy_is_alike_and_changes_alone() -> None:
    original = one_member()
    before = canonical(context_of(original))

    copy = copied(original)
    assert canonical(context_of(copy)) == before
    copy.handle(Received(token="another", request=join()), 0)

    assert len(group_of(copy).members) == 2
    assert canonical(context_of(copy)) != before
    assert canonical(context_of(original)) == before


def test_messages_are_shared_and_state_is_not() -> None:
    original = one_member()
    copy = copied(original)

    before = next(iter(group_of(original).members.values()))
    after = next(iter(group_of(copy).members.values()))
    assert after is not before
    assert after.protocols[0] is before.protocols[0]
    assert context_of(copy).config is context_of(original).config


def test_who_refers_to_a_group_refers_to_its_copy() -> None:
    """A write that ends later changes the copy's group, not the original's."""
    broker = Broker.fresh(CONFIG)
    name = Sent("c", 0, join())
    broker = broker.receive(name).broker
    pair = copied([broker.coordinator, group_of(broker.coordinator)])

    assert pair[1] is group_of(pair[0])
    assert pair[1] is not group_of(broker.coordinator)


def test_a_registered_checker_is_copied_with_its_registry() -> None:
    """A registry knows its checkers by what is to be called; a copy must call copies."""
    views = Views()
    original = Checkers(views, lambda lane: True)
    copy, copied_views = copied([original, views])
    change = trace.GroupStateChanged(
        t=0, group_id="g", previous="Empty", state="Stable", generation_id=7
    )
    before = canonical([original, views])

    copy.check(change)
    copied_views.apply(change)

    assert canonical([original, views]) == before
    assert canonical([copy, copied_views]) != before
    assert original.violations == []


def test_what_a_machine_only_counts_makes_no_difference() -> None:
    """Written, answered, armed again: after a heartbeat all is as it was."""
    broker = Broker.fresh(CONFIG)
    broker = broker.receive(Sent("c", 0, join())).broker
    broker = broker.fire(broker.timers()[0].key).broker
    beat = HeartbeatRequest(group_id="g", generation_id=1, member_id="c-1")

    after = broker.receive(Sent("c", 0, beat)).broker

    assert group_of(broker.coordinator).generation_id == 1
    assert after.coordinator is not broker.coordinator
    assert after.key() == broker.key()


def test_member_ids_do_not_depend_on_who_came_first() -> None:
    def with_client(client_id: str) -> Sent:
        request = JoinGroupRequest(
            group_id="g",
            session_timeout_ms=10_000,
            rebalance_timeout_ms=60_000,
            member_id="",
            protocol_type="consumer",
            protocols=(GroupProtocol(name="range", metadata=b"m"),),
            client_id=client_id,
        )
        return Sent(client_id, 0, request)

    broker = Broker.fresh(CONFIG)
    one = broker.receive(with_client("A")).broker.receive(with_client("B")).broker
    other = broker.receive(with_client("B")).broker.receive(with_client("A")).broker

    assert set(group_of(one.coordinator).pending) == {"A-1", "B-1"}
    assert set(group_of(other.coordinator).pending) == {"A-1", "B-1"}
