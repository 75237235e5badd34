"""What makes two states differ: of a machine everything, unless it was said why something does not.

A machine that grows a field fails here until it is written down below whether it counts.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from enum import Enum
from types import ModuleType

import pytest

import rebalance.coordinator
import rebalance.member
from rebalance.coordinator.classic_group import ClassicMemberState
from rebalance.simulation.explore.canonical import canonical
from rebalance.simulation.explore.fields import slot_names
from rebalance.simulation.explore.left_out import LEFT_OUT, NUMBERED
from rebalance.simulation.explore.suffixes import Suffixes
from rebalance.simulation.views import GroupView

COUNTS = {
    "ClassicGroup": "awaiting_join generation_id group_id initial_delay_ms initial_remaining_ms "
    "leader members new_member_added pending pending_sync previous_state protocol_name "
    "protocol_type state state_since_ms static_members subscriptions supported",
    "ClassicMemberState": "assignment client_host client_id group_instance_id is_new join_token "
    "member_id protocol_type protocols rebalance_timeout_ms session_timeout_ms sync_token",
    "Context": "_appends _effects _new_suffix groups now offsets ownership replays "
    "retention_runs timers transactions",
    "OpenTransactions": "_by_group _groups_of written",
    "Ownership": "_is_loaded _is_told is_partial partitions",
    "Replay": "groups offsets transactions",
    "_Batch": "results token",
    "MemberCore": "_state assignment broken callback closing commits commits_asked coordinator "
    "effects failure failures generation heartbeat_due held held_generation_id hold join_reason "
    "joined_topics leader leading leave_reason leaves_a_rebalance lost now owned polled "
    "rejoin_reason release requests timers topics watch",
}
"""Class of a machine -> its fields that make a difference."""


def machines(room: ModuleType) -> Iterator[type]:
    """Classes of a room whose objects change."""
    for found in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
        module = importlib.import_module(found.name)
        for kind in vars(module).values():
            if inspect.isclass(kind) and kind.__module__ == found.name and slot_names(kind):
                frozen = is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
                if not frozen and not issubclass(kind, (Enum, tuple, BaseException)):
                    yield kind


@pytest.mark.parametrize(
    "room", [rebalance.coordinator, rebalance.member], ids=lambda r: r.__name__
)
def test_each_field_of_a_machine_counts_or_was_said_not_to(room: ModuleType) -> None:
    found = {kind.__name__: kind for kind in machines(room)}
    assert found
    for name, kind in found.items():
        counts, left_out = set(COUNTS[name].split()), LEFT_OUT.get(kind, frozenset())
        assert not counts & left_out, name
        assert set(slot_names(kind)) == counts | left_out, name


@pytest.mark.parametrize("table", [LEFT_OUT, NUMBERED], ids=["left out", "numbered"])
def test_what_is_left_out_is_there(table: dict[type, frozenset[str]]) -> None:
    for kind, names in table.items():
        written = re.findall(r"self\.(\w+)", inspect.getsource(kind))
        assert names <= set(slot_names(kind) or written), kind


def member(client_id: str) -> ClassicMemberState:
    return ClassicMemberState(
        member_id="m-1",
        group_instance_id=None,
        client_id=client_id,
        client_host="/127.0.0.1",
        session_timeout_ms=1,
        rebalance_timeout_ms=1,
        protocol_type="consumer",
        protocols=(),
    )


def test_a_field_of_the_same_name_elsewhere_counts() -> None:
    one, other = Suffixes(), Suffixes()
    other.client_id = "c"
    assert canonical(one) == canonical(other)
    assert canonical(member("c")) != canonical(member("d"))


def test_what_was_of_a_group_makes_no_difference_and_what_is_does() -> None:
    one, later, other = (GroupView(group_id="g", since=since) for since in (0, 7, 0))
    other.generation_id = 3
    assert canonical(one) == canonical(later)
    assert canonical(one) != canonical(other)
