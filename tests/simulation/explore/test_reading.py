"""Which lines of a scenario a group to explore is read from, and how others are refused."""

import pytest

from assignors.interface import RebalanceProtocol
from rebalance.simulation import Overrides, ScenarioError, parse
from rebalance.simulation.explore import ExploredGroup, Faults, explored_group

FILE = """\
# Two consumers, one of them twice as patient.
set group.initial.rebalance.delay.ms=0
topic orders partitions=3
members A topics=orders
members B topics=orders session.timeout.ms=60000
start A B
explore crash=1 loss=2
"""


def read(text: str, **overrides: object) -> ExploredGroup:
    return explored_group(parse(text, name="pair.txt"), Overrides(**overrides))  # type: ignore[arg-type]


def test_what_a_file_says() -> None:
    group = read(FILE)

    assert group.topics == {"orders": 3}
    assert group.config.group_initial_rebalance_delay_ms == 0
    assert [(each.name, each.config.session_timeout_ms) for each in group.members] == [
        ("A", 45_000),
        ("B", 60_000),
    ]
    assert group.faults == Faults(crash=1, loss=2)
    assert all(member.eager for member in group.members)


def test_the_protocol_can_be_another() -> None:
    group = read(FILE, protocol=RebalanceProtocol.COOPERATIVE)
    assert not any(member.eager for member in group.members)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("run for 5s", "'run' is not for exploring: expected one of explore, members, set, start"),
        ("explore crash=x", "'x': expected a whole number"),
        ("explore crash=-1", "expected numbers of faults, 0 or more"),
        ("explore all", "expected KIND=NUMBER, of crash, close, cut, loss, timeout, fail"),
        ("explore flood=1", "'flood' is not an option of `explore`"),
        ("start A", "A is started already"),
        ("start C", "'C' is not a member"),
        ("members A topics=orders", "'A' stands there already"),
    ],
)
def test_what_is_refused_and_where(line: str, message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        read(FILE + line + "\n")
    assert str(refused.value).startswith("pair.txt:8: ")
    assert message in str(refused.value)


def test_nobody_is_started() -> None:
    with pytest.raises(ScenarioError, match=r"pair\.txt:1: nobody is started"):
        read("topic orders partitions=3\n")


def test_a_client_that_measures_time() -> None:
    with pytest.raises(ScenarioError, match="client=librdkafka of A counts from its last beat"):
        read(FILE.replace("members A", "members A client=librdkafka"))


def test_two_groups_are_two_files() -> None:
    with pytest.raises(ScenarioError, match="groups g, h: expected members of one group"):
        read(FILE.replace("members B", "members B group=h"))


def test_j06_two_consumers_of_one_instance_are_refused() -> None:
    text = FILE.replace("members A", "members A instance=i").replace(
        "members B", "members B instance=i"
    )
    with pytest.raises(ScenarioError, match="A and B have one instance=i, so that one of them is"):
        read(text)
    assert len(read(text.replace("B instance=i", "B instance=j")).members) == 2


def test_a_topic_that_is_not_declared() -> None:
    with pytest.raises(ScenarioError, match="B wants missing, which no `topic` line declares"):
        read(FILE.replace("members B topics=orders", "members B topics=orders,missing"))
