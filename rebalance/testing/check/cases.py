"""What is drawn for each promise: groups, and churns that lead to groups.

The rule kept here: most of what is drawn has something to say about the promise, so that no more
is drawn than has to be, and one in eight is too large to read, so that nothing hides behind small
numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from rebalance.testing.needs import need

need("hypothesis", for_what="checking an assignor")

from hypothesis import strategies as st  # noqa: E402

from assignors.interface import Promise  # noqa: E402
from rebalance.testing.churn import Churn  # noqa: E402
from rebalance.testing.groups import Group  # noqa: E402
from rebalance.testing.strategies import churns, groups  # noqa: E402

Case: TypeAlias = Group | Churn

# A leader is a member: no assignor is asked about a group without one.
_LIKELY = groups(claims="valid", racks=True, min_members=1)
_FRESH = groups(claims="none", max_members=6, static=False, missing=False, shared=True)
_STATIC = groups(claims="none", max_topics=2, min_members=3, missing=False, shared=True)
_HANDED = groups(
    claims="valid", max_topics=2, max_partitions=2, static=False, missing=False, shared=True
)
_OWNED = groups(claims="valid", static=False, missing=False, shared=True)
_ANY = groups(claims="any", racks=True, min_members=1)
_RACKED = groups(claims="any", racks=True, missing=False, shared=True)
_CLAIMING = groups(claims="any", static=False, missing=False, shared=True)
_HOSTILE = groups(claims="any", racks=True, user_data=True, min_members=1)
_MANY: Any = {"max_topics": 2, "max_partitions": 25, "min_members": 8, "max_members": 12}
"""Sizes with which m10 sorts before m2, and partitions have two digits."""
_LARGE = groups(claims="valid", static=False, missing=False, shared=True, **_MANY)
_LARGE_CLAIMING = groups(claims="any", static=False, missing=False, shared=True, **_MANY)

# One in eight of each is large; a churn is several groups.
CASES: Mapping[Promise, st.SearchStrategy[Case]] = {
    Promise.VALID: st.one_of(*[_LIKELY] * 2, _OWNED, *[churns()] * 4, _LARGE),
    Promise.BALANCED: st.one_of(*[_FRESH] * 2, *[_CLAIMING] * 2, _OWNED, _RACKED, churns(), _LARGE),
    Promise.MINIMAL_MOVES: st.one_of(
        *[_HANDED] * 2, *[_OWNED] * 2, _CLAIMING, _RACKED, churns(), _LARGE
    ),
    Promise.IDEMPOTENT: st.one_of(
        *[_CLAIMING] * 2, *[_OWNED] * 2, _FRESH, _RACKED, churns(), _LARGE
    ),
    Promise.DETERMINISTIC: st.one_of(
        *[_STATIC] * 3, _RACKED, _ANY, *[_HOSTILE] * 2, _LARGE_CLAIMING
    ),
    Promise.CONFLICT_PROOF: st.one_of(
        *[_CLAIMING] * 3, *[_ANY] * 2, *[_HOSTILE] * 2, _LARGE_CLAIMING
    ),
    Promise.COOPERATIVE_SAFE: st.one_of(
        *[_CLAIMING] * 3, *[_OWNED] * 2, _RACKED, _HOSTILE, _LARGE_CLAIMING
    ),
}
