"""What of a machine makes no difference between two states, class by class and field by field.

Why: what a machine counts for its own use makes states differ that do not differ. Rule kept: a name
is left out of the one class that it stands below, for the reason that it stands below; a field of
the same name elsewhere counts, and so does every field that a class grows. docs/explore.md says
why each may be left out.
"""

from collections.abc import Mapping

from rebalance.coordinator.context import Context
from rebalance.member.core import Callback, InFlight, Leading, MemberCore, Release
from rebalance.simulation.checkers import Checkers
from rebalance.simulation.checkers.plans import SameInputSamePlan
from rebalance.simulation.explore.suffixes import Suffixes
from rebalance.simulation.views import GroupView, Views

__all__ = ["LEFT_OUT", "NUMBERED"]

_TOKENS: Mapping[type, tuple[str, ...]] = {
    Context: ("_next_append",),
    MemberCore: ("_tokens",),
    InFlight: ("token",),
    Callback: ("token",),
    Release: ("token",),
    Leading: ("token",),
    Suffixes: ("client_id",),
}
"""Counters, and what they gave: the role of what is waited for says it. Who joins is set anew."""

_SETTINGS: Mapping[type, tuple[str, ...]] = {
    Context: ("config",),
    MemberCore: ("config", "assignors", "protocol"),
}
"""They never change while a group is explored."""

_HISTORY: Mapping[type, tuple[str, ...]] = {
    MemberCore: ("last_heartbeat_ms", "last_join_ms"),
    Views: ("rebalances", "refused"),
    GroupView: ("since",),
    Checkers: ("_recent", "violations"),
}
"""What was: kept to be told, looked at by nobody who decides."""

_ALWAYS_THE_SAME: Mapping[type, tuple[str, ...]] = {SameInputSamePlan: ("_last_plans",)}
"""What an assignor says depends on what it is asked alone: whoever asked last, or never yet."""

_FOR_WHO_LOADS: Mapping[type, tuple[str, ...]] = {GroupView: ("chosen",)}
"""Looked at as a coordinator loads a group, and none does here."""

_REASONS = (_TOKENS, _SETTINGS, _HISTORY, _ALWAYS_THE_SAME, _FOR_WHO_LOADS)

LEFT_OUT: Mapping[type, frozenset[str]] = {
    kind: frozenset(name for reason in _REASONS for name in reason.get(kind, ()))
    for reason in _REASONS
    for kind in reason
}
"""Class -> its fields that do not count."""

NUMBERED: Mapping[type, frozenset[str]] = {Context: frozenset({"_appends"})}
"""Class -> mappings by a number that only says which came first: the order says it, too."""
