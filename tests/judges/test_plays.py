"""Foreign clients judge the embedded broker, and Apache Kafka in the same words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.judges.plays import Play, lives, mixed


@pytest.mark.parametrize("play", lives(), ids=str)
def test_i01_i02_i06_and_j15_the_life_of_a_group(
    outcome: Callable[[Play], None], play: Play
) -> None:
    """See life.py."""
    outcome(play)


@pytest.mark.parametrize("play", mixed(), ids=str)
def test_i01_g06_and_j15_a_mixed_group(outcome: Callable[[Play], None], play: Play) -> None:
    """See mixed.py."""
    outcome(play)
