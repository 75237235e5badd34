"""Random conversations: a broker answers as the coordinator in memory does."""

from __future__ import annotations

import random

import pytest

from tests.conversations.duel import Duel
from tests.conversations.talk import Talk

STEPS = 60


@pytest.mark.parametrize("seed", range(12))
def test_a_random_conversation(talk: Talk, seed: int) -> None:
    duel = Duel(talk, random.Random(seed))
    try:
        for _ in range(STEPS):
            duel.step()
        duel.finish()
    except AssertionError as error:
        raise AssertionError("\n".join([*duel.log[-25:], str(error)])) from error
