"""A long campaign goes on where it was interrupted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.conformance import chunks
from tests.conformance.campaign import Outcome


def test_what_was_played_is_not_played_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Outcome(
        conversations=1_000,
        acts=30_000,
        answers=Counter({("Heartbeat v4", "NONE"): 7, ("Heartbeat v4", "UNKNOWN_MEMBER_ID"): 2}),
        differences=["seed 7: ..."],
    )
    chunks._write(tmp_path / "0-999.json", first)
    monkeypatch.setattr(chunks, "both_running", None)  # nothing is started

    assert chunks.played_in_chunks(range(1_000), tmp_path) == first


def test_every_seed_is_in_one_chunk() -> None:
    found = list(chunks.chunks(range(500, 3_100)))
    assert [seed for chunk in found for seed in chunk] == list(range(500, 3_100))
    assert [len(chunk) for chunk in found] == [1_000, 1_000, 600]
