"""The table: cases by rule. Names begin with the rules that they show."""

from __future__ import annotations

from tests.conformance.cases import (
    admin,
    failover,
    groups,
    life,
    limits,
    odd,
    offsets,
    timers,
    transactions,
    wire,
)
from tests.conformance.conversation import Case

CASES: tuple[Case, ...] = (
    *admin.CASES,
    *groups.CASES,
    *life.CASES,
    *limits.CASES,
    *odd.CASES,
    *timers.CASES,
    *offsets.CASES,
    *transactions.CASES,
    *wire.CASES,
    *failover.CASES,
)
