"""Who owns only in its own eyes.

A *zombie* is a consumer that believes to own what its coordinator no longer minds: it was removed,
replaced, stands still, or is a static member that a generation was made without (J11). That it
owns is no violation: no broker can prevent it. A removed one's commits are refused (O02), which is
what keeps I03.
"""

from rebalance.simulation.views import Lane, Views

__all__ = ["is_zombie"]


def is_zombie(views: Views, lane: Lane) -> bool:
    """What it owns, it owns in its own eyes only."""
    return lane.paused or lane.left_behind or not views.is_member(lane)
