"""Hostile scenarios out of seeds, played with every checker on, shrunk where they fail.

See docs/fuzz.md.
"""

from rebalance.simulation.fuzz.batch import Batch, BatchError, Found, play_batch
from rebalance.simulation.fuzz.campaign import (
    Campaign,
    Here,
    WorkerDiedError,
    append_batch,
    cores,
    give_up,
    processes,
    read_batches,
    run,
)
from rebalance.simulation.fuzz.coverage import everything, words
from rebalance.simulation.fuzz.generator import scenario_text
from rebalance.simulation.fuzz.play import Failure, Played, play, play_seed, still_fails
from rebalance.simulation.fuzz.shrink import Shrunk, shrink

__all__ = [
    "Batch",
    "BatchError",
    "Campaign",
    "Failure",
    "Found",
    "Here",
    "Played",
    "Shrunk",
    "WorkerDiedError",
    "append_batch",
    "cores",
    "everything",
    "give_up",
    "play",
    "play_batch",
    "play_seed",
    "processes",
    "read_batches",
    "run",
    "scenario_text",
    "shrink",
    "still_fails",
    "words",
]
