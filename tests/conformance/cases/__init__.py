"""The table: cases by rule. Names begin with the rules that they show."""

from __future__ import annotations

from tests.conformance.cases import admin, groups, offsets, transactions
from tests.conformance.conversation import Case

CASES: tuple[Case, ...] = (*admin.CASES, *groups.CASES, *offsets.CASES, *transactions.CASES)
