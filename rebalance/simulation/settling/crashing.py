"""One of each group crashes: its session ends, others get what it had (H06)."""

from collections.abc import Sequence

from rebalance.simulation.settling.experiment import Experiment
from rebalance.simulation.settling.ground import Ground

__all__ = ["CRASHING"]


def _on(ground: Ground) -> Sequence[str]:
    """One that owns something, where there is one; somebody must be left."""
    found: list[str] = []
    for group_id in ground.groups():
        names = ground.members(group_id)
        if len(names) > 1:
            found.append(max(names, key=lambda name: len(ground.lane(name).owned)))
    return found


def _play(ground: Ground, names: Sequence[str]) -> None:
    patience_ms = ground.patience_ms()
    for name in names:
        ground.process(name).crash()
    if ground.rests("a member crashed", extra_ms=patience_ms):
        for name in names:
            ground.start(name)
        ground.rests("a member came back after its session")


CRASHING = Experiment(name="a member crashes", on=_on, play=_play)
