"""What a join phase waits for, told to whoever watches: nobody has to guess it from outside.

Why: "stuck in PreparingRebalance" is asked about a coordinator that knows the answer. Rule kept:
what is told follows from the group alone and nothing of it is remembered, so that telling changes
nothing; and it is told when the wait begins and when it is down to the last, not at each JoinGroup.
"""

from rebalance.coordinator.classic_group import ClassicGroup
from rebalance.coordinator.context import Context
from rebalance.protocol.notices import GroupWaits


def tell_wait(context: Context, group: ClassicGroup) -> None:
    """A join phase begins to wait: for its delay (J10), for members or for pending ids (G04)."""
    if group.in_initial_delay:
        context.tell(
            GroupWaits(
                group_id=group.group_id,
                generation_id=group.generation_id,
                waits_for="delay",
                members=(),
            )
        )
    else:
        _tell(context, group)


def tell_what_is_left(context: Context, group: ClassicGroup) -> None:
    """Somebody joined or went: only one member, or only pending ids, may be left to wait for."""
    left = len(group.members) - group.awaiting_join
    if left == 1 or (left == 0 and group.pending):
        _tell(context, group)


def tell_wait_for_leader(context: Context, group: ClassicGroup) -> None:
    """The join phase is over; the leader assigns (J13, S04)."""
    context.tell(
        GroupWaits(
            group_id=group.group_id,
            generation_id=group.generation_id,
            waits_for="sync",
            members=(group.leader or "",),
        )
    )


def _tell(context: Context, group: ClassicGroup) -> None:
    late = tuple(m.member_id for m in group.members.values() if not m.awaits_join)
    context.tell(
        GroupWaits(
            group_id=group.group_id,
            generation_id=group.generation_id,
            waits_for="join" if late else "pending",
            members=late or tuple(group.pending),
        )
    )
