"""Groups for the tests, written as a user would write them."""

from rebalance.simulation import parse
from rebalance.simulation.explore import ExploredGroup, explored_group

ALONE = """\
topic t partitions=2
members A topics=t
start A
"""

EAGER = """\
topic t partitions=2
members A B topics=t
start A B
"""

COOPERATIVE = """\
topic t partitions=2
members A B topics=t assignors=cooperative-sticky
start A B
"""

UNLIKE = """\
topic t partitions=2
topic u partitions=1
members A topics=t assignors=cooperative-sticky
members B topics=t,u assignors=cooperative-sticky
start A B
"""


def group(text: str, faults: str = "") -> ExploredGroup:
    """What a file with this text declares, with these faults (`crash=1 cut=1`)."""
    return explored_group(parse(text + (f"explore {faults}\n" if faults else "")))
