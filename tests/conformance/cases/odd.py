"""What clients do when something goes wrong with them, and what they send that is odd but legal.

Lost connections, requests behind a request that waits, names and bytes of any size (G, J, S).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.conformance.conversation import GROUP, Case, Hear, Id, Reconnect, Say, Step, case
from tests.conformance.steps import (
    beat,
    commit,
    delete_groups,
    describe,
    entered,
    fetch,
    gathered,
    join,
    joined,
    leave,
    passes,
    preparing,
    settle,
    stable,
    sync,
    together,
)

NONE: Mapping[str, int] = {}
STATIC = {"group_instance_id": "s"}
OTHER = (("range", b"other"),)
ROOM_BYTES = 1_048_588
"""Of a batch of `__consumer_offsets`."""


def _lost_connections() -> Iterator[Case]:
    """A member is in the group whether or not its connection is."""
    gone = Reconnect(who="A", closes=True)
    for version in (0, 3, 4, 9):
        waits = [stable("A", "B"), join("A", version, protocols=OTHER, waits=True), gone]
        others = [join("B", version, waits=True), settle("B"), beat("A", 3), describe()]
        yield case(f"j17_a_join_whose_connection_is_lost_v{version}", waits, others)
        again = [join("A", version, protocols=OTHER, waits=True), join("B", waits=True)]
        yield case(
            f"j17_and_j07_it_is_said_again_v{version}", waits, again, settle("A", "B"), describe()
        )
        left = [leave("A"), settle("A"), beat("B", 2), describe()]
        yield case(f"j17_and_j14_and_it_leaves_v{version}", waits, left)
    for version in range(6):
        parked = [joined("A", "B"), sync("B", 2, version=version, waits=True)]
        lost = [Reconnect(who="B", closes=True), sync("A", 2, {"A": b"a", "B": b"b"}, version)]
        after = [describe(), sync("B", 2, version=version), beat("B", 2)]
        yield case(f"j17_and_s03_a_sync_whose_connection_is_lost_v{version}", parked, lost, after)
    new = [stable("A"), join("B", 3, waits=True), Reconnect(who="B", closes=True)]
    yield case("j08_a_new_member_whose_connection_is_lost", new, join("A", waits=True), settle("A"))
    static = [together(A={}, S=STATIC), join("S", protocols=OTHER, waits=True, **STATIC)]
    back = [Reconnect(who="S", closes=True), join("S", member_id="", waits=True, **STATIC)]
    yield case(
        "j15_a_static_join_whose_connection_is_lost",
        static,
        back,
        join("A", waits=True),
        settle("A", "S"),
        describe(),
    )


def _behind() -> Iterator[Case]:
    """A connection's next request waits for the one before it."""
    beats = Say(
        who="A",
        api="heartbeat",
        version=4,
        fields={
            "group_id": GROUP,
            "generation_id": 2,
            "member_id": Id("A"),
            "group_instance_id": None,
        },
        waits=True,
    )
    steps: list[Step] = [*preparing("A", "B"), beats, settle(), join("B", waits=True)]
    heard = [Hear(who=("A",)), Hear(who=("A",)), Hear(who=("B",))]
    yield case("j17_a_heartbeat_behind_a_join_that_waits", steps, heard, describe())
    syncs = [joined("A", "B"), sync("A/3", 1), sync("B", 2, waits=True)]
    twice = [sync("B", 2, waits=True), sync("A", 2, {"B": b"b"}), Hear(who=("B",))]
    yield case("j17_a_sync_behind_a_sync_that_waits", syncs, twice, Hear(who=("B",)))
    joins = [stable("A", "B"), join("B", protocols=OTHER, waits=True), join("B", waits=True)]
    yield case(
        "j17_a_join_behind_a_join_that_waits",
        [joins, join("A", waits=True), Hear(who=("A", "B")), settle("B"), describe()],
        [join("A/3", waits=True), settle("A/3", "B"), describe()],
    )


def _sizes_of_things() -> Iterator[Case]:
    """Names and bytes of any size; more than a batch has room for is refused when it is written."""
    offers: dict[str, tuple[tuple[str, bytes], ...]] = {
        "an_empty_name": (("", b"x"),),
        "a_long_name": (("n" * 30_000, b"x"),),
        "a_name_in_letters_of_others": (("é😀", b"x"),),
        "many_names": tuple((f"name-{number}", b"") for number in range(300)),
        "much_metadata": (("range", b"m" * 500_000),),
        "more_metadata_than_there_is_room": (("range", b"m" * (ROOM_BYTES + 1)),),
    }
    for name, protocols in offers.items():
        for version in (0, 4, 9):
            first = [join("A", version, protocols=protocols)]
            first += first if version >= 4 else []
            said = {"protocol_name": protocols[0][0]}
            syncs = [sync("A", 1, {"A": b"a"}, **said), describe(version=5), beat("A", 1)]
            yield case(f"g08_and_s02_{name}_v{version}", first, syncs, topics=NONE)
    for size in (ROOM_BYTES - 500, ROOM_BYTES, 3 * ROOM_BYTES):
        for version in range(6):
            waits = [gathered(A={}, B={}), sync("B", 2, version=version, waits=True)]
            much = sync("A", 2, {"A": b"a" * size}, version)
            after = [settle("B"), beat("A", 2), beat("B", 2), sync("B/3", 2), describe()]
            again = [join("A", waits=True), join("B", waits=True), settle("A", "B"), describe()]
            full = f"s02_an_assignment_of_{size}_bytes_v{version}"
            yield case(full, waits, much, after, again, topics=NONE)
    stays = [stable("A", "B"), join("A", waits=True), join("B", waits=True), settle("A", "B")]
    much = sync("A", 3, {"A": b"a" * ROOM_BYTES})
    yield case("s02_what_was_assigned_before_stays", stays, much, describe(), commit("A", 3))
    kinds = {"an_empty_type": "", "a_long_type": "t" * 5_000, "a_type_of_others": "é😀"}
    for name, kind in kinds.items():
        group = [join("A", protocol_type=kind), join("A", protocol_type=kind)]
        yield case(f"g08_{name}", group, sync("A", 1, protocol_type=kind), describe(), topics=NONE)
    for timeout in (-1, 0, 1, 2**31 - 1):
        times = {"rebalance_timeout": timeout}
        soon = [together(A={}, B={}), join("A", waits=True, **times), describe()]
        lives = [stable("A", **times) if timeout > 1 else entered("A", **times), describe()]
        yield case(f"g05_a_rebalance_timeout_of_{timeout}", soon, topics=NONE)
        yield case(
            f"g05_and_s04_alone_with_{timeout}", lives, passes(1_500), describe(), topics=NONE
        )


def _at_the_end() -> Iterator[Case]:
    """A group that is gone, and whoever was in it (J02, J04, A03)."""
    for version in range(10):
        dead = [stable("A"), leave("A"), delete_groups(), join("A", version)]
        news = [join("A", version, member_id=""), describe(), fetch("A")]
        yield case(f"j02_and_a03_members_of_a_deleted_group_v{version}", dead, news)
    for version in range(4):
        pending = [join("P"), delete_groups(version=version), join("P"), describe()]
        yield case(f"j02_and_a03_a_pending_id_of_a_deleted_group_v{version}", pending)


CASES = (*_lost_connections(), *_behind(), *_sizes_of_things(), *_at_the_end())
