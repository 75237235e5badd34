"""What a group is after its coordinator died and another has read its records (P02-P04).

The same conversations for brokers that ended cleanly and that were killed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.conformance.cases.admin import list_groups
from tests.conformance.cases.transactions import STABLE, add, begin, end, txn_commit
from tests.conformance.conversation import (
    GROUP,
    TOPIC,
    Case,
    Id,
    Name,
    Reads,
    Restart,
    Step,
    Steps,
    case,
)
from tests.conformance.steps import (
    MARGIN_MS,
    OVER_MS,
    beat,
    commit,
    delete_groups,
    delete_offsets,
    describe,
    entered,
    fetch,
    gathered,
    join,
    joined,
    leave,
    offset,
    passes,
    preparing,
    settle,
    stable,
    sync,
    together,
)

DEAD = Restart()
LOOK = [describe(), list_groups(5, (), ()), fetch("reader", topics=None)]
STATIC = {"group_instance_id": "s"}
ONE = (("range", b"r"),)
TWO = (("range", b"r"), ("sticky", b"s"))
OTHER = (("range", b"other"),)
SESSION = {"session_timeout": 15_000}
"""Longer than all conversations take until the brokers end, shorter than two waits after."""
WAIT_MS = 9_000


EVERYBODY = [beat("A", 2), beat("B", 2), sync("A", 2), sync("B", 2), beat("B", 1)]


def _stable() -> Iterator[tuple[str, Steps]]:
    """A Stable group, the end of its broker, and what everybody is told next."""
    for version in (0, 2, 3, 5, 9):
        mine = {"protocols": TWO, "version": max(version, 5)}
        follows = [join("B", version, protocols=ONE), beat("B", 2), *EVERYBODY]
        yield f"p02_and_p03_stable_v{version}", [stable("A", "B", **mine), DEAD, LOOK, follows]
        other = [join("B", version, protocols=TWO, waits=True), settle("B"), LOOK]
        yield (
            f"p03_the_other_protocols_are_forgotten_v{version}",
            [stable("A", "B", **mine), DEAD, other],
        )
        leads = [join("A", version, protocols=TWO, waits=True), settle("A"), beat("B", 2), LOOK]
        yield f"p03_the_leader_rejoins_v{version}", [stable("A", "B", **mine), DEAD, leads]
        news = [join("C", version, waits=version < 4), settle("C"), LOOK]
        yield f"p03_a_new_member_v{version}", [stable("A", "B", **mine), DEAD, news]
        only = [join("C", version, protocols=(("sticky", b""),)), LOOK]
        yield (
            f"p03_only_the_chosen_protocol_is_known_v{version}",
            [stable("A", "B", **mine), DEAD, only],
        )


def _on_the_way() -> Iterator[tuple[str, Steps]]:
    """A group between two generations, or before its first."""
    told = [describe(), *EVERYBODY, commit("A", 2), commit("B", 1), LOOK]
    yield "p02_a_join_without_a_sync", [joined("A", "B"), DEAD, LOOK, told]
    half = [joined("A", "B"), sync("B", 2, waits=True), DEAD, LOOK, told]
    yield "p02_a_join_without_the_leaders_sync", half
    yield (
        "p02_a_rejoin_without_a_sync",
        [
            stable("A", "B"),
            join("A", waits=True),
            join("B", waits=True),
            settle("A", "B"),
            beat("A", 3),
            DEAD,
            LOOK,
            told,
            beat("A", 3),
            sync("A", 3, {"A": b"a"}),
            commit("A", 3),
        ],
    )
    yield "p02_preparing", [preparing("A", "B"), DEAD, LOOK, told]
    changed = [stable("A", "B"), join("A", protocols=OTHER, waits=True), DEAD, LOOK]
    yield "p02_metadata_that_was_not_synced", [changed, join("A", waits=True), settle("A"), LOOK]
    yield "p02_a_pending_id", [join("P"), DEAD, LOOK, join("P"), entered("A"), LOOK]
    pending = [stable("A"), join("P"), DEAD, LOOK, join("P"), join("A", waits=True), settle("A")]
    yield "p02_a_pending_id_beside_a_member", pending
    yield "p02_a_first_join", [join("A", 3), DEAD, LOOK, beat("A", 1), sync("A", 1), join("A", 3)]


def _empty() -> Iterator[tuple[str, Steps]]:
    """A group that has lost some or all."""
    emptied = [
        stable("A"),
        commit("A", 1),
        leave("A"),
        DEAD,
        LOOK,
        beat("A", 1),
        entered("B"),
        LOOK,
    ]
    yield "p02_and_p03_emptied", emptied
    kind = {"protocol_type": "connect", "protocols": (("mine", b"m"),)}
    yield "p03_of_another_type", [stable("A", **kind), DEAD, LOOK, join("B"), beat("A", 1)]
    yield "p03_emptied_of_another_type", [stable("A", **kind), leave("A"), DEAD, LOOK, join("B")]
    yield "p03_deleted", [commit("X"), delete_groups(), DEAD, LOOK, delete_groups()]
    yield "p03_emptied_and_deleted", [emptied[:3], delete_groups(), DEAD, LOOK, entered("A")]
    yield (
        "p02_a_member_that_left",
        [stable("A", "B"), leave("B"), describe(), DEAD, LOOK, beat("B", 2), beat("A", 2)],
    )
    yield "p02_all_left", [stable("A", "B"), leave("A", "B"), DEAD, LOOK, entered("A"), LOOK]


def _static() -> Iterator[tuple[str, Steps]]:
    people: dict[str, dict[str, Any]] = {"A": {}, "S": {**STATIC, "protocols": TWO}}
    group = together(A={"protocols": TWO}, S=people["S"])
    said = {"protocols": TWO, **STATIC}
    beats = [beat("S", 2, **STATIC), beat("S", 2, member_id=Id("S", 1), **STATIC), beat("A", 2)]
    for version in (5, 7, 9):
        back = [join("S", version, member_id="", **said), sync("S", 2, **STATIC)]
        full = f"p02_and_j15_a_static_member_returned_v{version}"
        yield full, [group, back, DEAD, LOOK, beats, sync("S", 2, **STATIC)]
        full = f"p03_and_j15_a_static_member_returns_after_v{version}"
        yield full, [group, DEAD, back, beats, LOOK]
        full = f"p02_and_j15_a_static_leader_returned_v{version}"
        leads = [together(S=people["S"], A={"protocols": TWO}), back]
        yield full, [leads, DEAD, LOOK, beats, join("S", version, waits=True, **said), settle("S")]
        full = f"p03_and_j15_a_static_leader_returns_after_v{version}"
        yield full, [together(S=people["S"], A={"protocols": TWO}), DEAD, back, beats, LOOK]
        other = join("S", version, member_id="", **{**said, "protocols": OTHER})
        full = f"p03_and_j15_it_returns_with_other_metadata_v{version}"
        yield full, [group, DEAD, other, settle("S"), LOOK, beats]
        foreign = join("S", version, member_id="", **{**said, "protocols": (("x", b""),)})
        full = f"p03_and_j21_it_returns_with_a_foreign_protocol_v{version}"
        yield full, [group, DEAD, foreign, LOOK, beats]
    removed = leave("S", member_id="", **STATIC)
    yield "p03_and_h04_an_admin_removes_a_static_member", [group, DEAD, removed, LOOK, beat("A", 2)]
    times = {"session_timeout": 30_000, "rebalance_timeout": 300}
    late = [join("S", member_id="", **{**said, **times}), DEAD, LOOK]
    expires = [join("A", protocols=OTHER, waits=True), passes(1_500), settle("A"), LOOK]
    yield "p02_timeouts_of_a_static_return", [group, late, expires]


def _offsets() -> Iterator[tuple[str, Steps]]:
    for version in (2, 5, 7, 8, 9, 10):
        places = [offset(0, 5, committed_metadata="é"), offset(1, -6, committed_leader_epoch=3)]
        simple = [commit("X", -1, *places, version=version), DEAD, LOOK]
        more = [commit("X", -1, offset(0, 9), version=version), LOOK, commit("X", 0)]
        yield f"p03_and_o01_a_simple_group_v{version}", [simple, more]
        inside = [stable("A"), commit("A", 1, *places, version=version), DEAD, LOOK]
        yield f"p03_and_o02_offsets_of_a_member_v{version}", [inside, commit("A", 1), commit("X")]
    for kept in (-1, 1, 2**40):
        retained = commit("X", version=4, retention_time=kept)
        yield f"p03_and_p05_a_retention_time_of_{kept}", [retained, DEAD, LOOK]
    both = [commit("X", -1, offset(0), offset(1)), delete_offsets(0), DEAD, LOOK]
    yield "p03_and_a04_offsets_that_were_deleted", both
    reading = {"protocols": (("range", Reads((TOPIC,))),)}
    reads = [stable("A", **reading), commit("A", 1), DEAD, delete_offsets(0), LOOK]
    yield "p03_and_a04_of_a_subscribed_topic", reads
    over = [commit("X"), commit("X", -1, offset(0, 2)), commit("X", -1, offset(0, 1)), DEAD, LOOK]
    yield "p03_the_last_commit_counts", over
    other = [commit("X"), commit("X", group_id=Name("other")), DEAD]
    asks = fetch("X", topics=None, groups=(GROUP, Name("other"), Name("absent")))
    yield "p03_and_o04_several_groups", [other, asks]
    for committed in (True, False):
        ended = [commit("X"), begin(), add(), txn_commit(), end(committed), STABLE, DEAD, LOOK]
        yield f"p03_and_o07_a_transaction_that_ended_{committed}", ended
    simple_joined = [commit("X"), entered("A"), DEAD, LOOK, beat("A", 1), join("A")]
    yield "p03_and_p06_a_simple_group_that_was_joined", simple_joined


def _sessions() -> Iterator[tuple[str, Steps]]:
    silent: list[Step] = [passes(WAIT_MS), passes(WAIT_MS)]
    alone = [beat("A", 1), sync("A", 1), *LOOK, commit("A", 1)]
    yield "p03_and_h06_a_session_ends_after", [together(A=SESSION), DEAD, silent, alone]
    beats = [passes(WAIT_MS), beat("A", 1), passes(WAIT_MS), beat("A", 1), LOOK]
    yield "p03_and_h01_a_session_is_kept_after", [together(A=SESSION), DEAD, beats]
    one = [beat("A", 2), beat("B", 2), LOOK, join("A", waits=True), settle("A"), LOOK]
    yield "p03_and_h06_one_of_two_sessions_ends", [together(A={}, B=SESSION), DEAD, silent, one]
    static = {**SESSION, **STATIC}
    ends = [beat("A", 2), beat("S", 2, **STATIC), LOOK, join("S", waits=True, **STATIC)]
    yield "p03_and_h06_a_static_session_ends", [together(A={}, S=static), DEAD, silent, ends]
    commits = [passes(WAIT_MS), commit("A", 1), passes(WAIT_MS), beat("A", 1), LOOK]
    yield "p03_and_h03_a_commit_keeps_it", [together(A=SESSION), DEAD, commits]
    late = {"rebalance_timeout": MARGIN_MS}
    rejoins = [join("A", protocols=OTHER, waits=True, **late), passes(OVER_MS), settle("A"), LOOK]
    yield "p03_and_j11_rebalance_timeouts_are_kept", [together(A=late, B=late), DEAD, rejoins]
    later = {"rebalance_timeout": SESSION["session_timeout"]}
    unsynced = [gathered(A=later, B=later), DEAD, silent, LOOK]
    yield "p02_and_s04_a_sync_timer_is_not_kept", unsynced


def _twice() -> Iterator[tuple[str, Steps]]:
    moved = [stable("A", "B"), DEAD, join("A", waits=True), join("B", waits=True), settle("A", "B")]
    yield (
        "p02_and_p03_two_ends",
        [moved, beat("A", 3), DEAD, LOOK, beat("A", 2), beat("A", 3), sync("A", 2)],
    )
    synced = [moved, sync("A", 3, {"A": b"x", "B": b"y"}), DEAD, LOOK, beat("A", 3), sync("B", 3)]
    yield "p02_and_p03_a_generation_between_two_ends", synced


def _narrower() -> Iterator[tuple[str, Steps]]:
    """The broker that follows allows groups of one (J03)."""
    beats = [beat("A", 2), beat("B", 2), sync("A", 2), commit("A", 2)]
    for version in range(10):
        first = [join("A", version, waits=True), settle("A"), describe()]
        late = [join("B", version), settle("A"), describe()]
        crowd = [stable("A", "B"), DEAD, LOOK, beats, first, late]
        yield f"p03_and_j03_a_group_that_is_too_large_v{version}", crowd
    others = [join("B", waits=True), settle("B"), join("A"), settle("B"), LOOK]
    yield "p03_and_j03_the_leader_comes_last", [stable("A", "B"), DEAD, others]
    yield "p03_and_j03_a_group_of_one", [stable("A"), DEAD, LOOK, beat("A", 1), join("B"), LOOK]
    group = together(A={}, S=STATIC)
    static = [join("S", member_id="", waits=True, **STATIC), settle("S"), join("A"), settle("S")]
    yield "p03_and_j03_a_static_member_returns", [group, DEAD, LOOK, static, LOOK]
    yield (
        "p03_and_j03_an_emptied_group",
        [stable("A", "B"), leave("A", "B"), DEAD, entered("C"), LOOK],
    )
    news = [join("C"), LOOK, leave("A"), LOOK, leave("B"), LOOK]
    yield "p03_and_j03_a_newcomer", [stable("A", "B"), DEAD, news]


CASES: tuple[Case, ...] = tuple(
    case(f"{name}_{setup}", steps, setup=setup)
    for setups, all_lives in (
        (
            ("restarted", "killed"),
            (_stable, _on_the_way, _empty, _static, _offsets, _sessions, _twice),
        ),
        (("narrowed",), (_narrower,)),
    )
    for setup in setups
    for lives in all_lives
    for name, steps in lives()
)
