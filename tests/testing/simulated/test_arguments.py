"""`simulate` takes no nonsense: it says what it expected."""

from __future__ import annotations

import pytest

from rebalance.simulation import ScenarioError
from rebalance.testing import simulate
from tests.testing.simulated.code import plain


def test_used_wrongly() -> None:
    with pytest.raises(ValueError, match="members=0: expected 1 to 20"):
        simulate(plain, members=0)
    with pytest.raises(ValueError, match="at least one"):
        simulate(plain, seeds=())
    with pytest.raises(ScenarioError, match="'begin' is not a command"):
        simulate(plain, scenario="begin A")
