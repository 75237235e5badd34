"""Same input, same bytes, under every PYTHONHASHSEED."""

import os
import subprocess
import sys
from pathlib import Path

from assignors.model import PartitionSet, Subscription
from rebalance.member import events as e
from rebalance.protocol.errors import ErrorCode
from tests.member.hand import Both, Hand


def story() -> str:
    """Much of what a member can say, as text."""
    hand = Hand([Both(), Both("other")]).start("u", "t", "v")
    two = Subscription(topics=("v", "w"), owned=PartitionSet({"w": [1], "v": [0]}))
    hand.joined(leads={"m-1": Subscription(topics=("t", "u")), "m-2": two})
    hand.metadata(v=2, u=3, t=4, w=1)
    theirs = PartitionSet({"v": [0, 1], "w": [0]})
    hand.plan(m__1=PartitionSet({"u": range(3), "t": range(4)}), m__2=theirs)
    hand.synced(PartitionSet({"u": range(3), "t": range(4)}))
    hand.done(e.Assign)
    offsets = dict.fromkeys(PartitionSet({"x": [1], "t": [2, 1], "u": [0]}), 5)
    hand.tell(e.CommitOffsets(commit_id=1, offsets=offsets))
    hand.wait(3000)
    hand.beat(ErrorCode.NOT_COORDINATOR)
    hand.found(2)
    hand.wait(100)
    hand.tell(e.Subscribe(topics=("v", "u")))
    hand.positions()
    hand.committed()
    hand.done(e.Revoke)
    hand.tell(e.Close())
    metadata = [p.metadata.hex() for p in hand.join.protocols]
    return "\n".join([*map(str, hand.log), *metadata])


def test_the_hash_seed_changes_nothing() -> None:
    told = []
    for seed in ("1", "2", "77"):
        run = subprocess.run(
            [
                sys.executable,
                "-c",
                "from tests.member.test_determinism import story; print(story())",
            ],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        )
        told.append(run.stdout)
    assert told[0] == told[1] == told[2]
    assert "OffsetCommitRequest" in told[0]
