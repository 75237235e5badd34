"""The scenario format: what a file means, and what a typo is told."""

from pathlib import Path

import pytest

from rebalance.simulation import Overrides, ScenarioError, parse, read, rewritten, run_scenario
from rebalance.simulation.commands import COMMANDS
from rebalance.timeline.trace import Trace

STORY = """\
# J10 G02: one member alone.
#
# It waits.
topic orders partitions=4
members A topics=orders

start A
run until stable
show ownership
----
stable at 3.021s, after 3.021s
orders: A 0-3

# And it leaves.
close A
run for 1s
show members
----
A: closed
"""


def test_file_is_blocks_and_prose() -> None:
    scenario = parse(STORY, "s.txt")
    assert scenario.rules == ("J10", "G02")
    assert scenario.story.endswith("It waits.")
    texts = [[call.text for call in block.calls] for block in scenario.blocks]
    assert texts == [
        ["topic orders partitions=4", "members A topics=orders"],
        ["start A", "run until stable", "show ownership"],
        ["close A", "run for 1s", "show members"],
    ]
    assert [block.expected for block in scenario.blocks] == [
        (),
        ("stable at 3.021s, after 3.021s", "orders: A 0-3"),
        ("A: closed",),
    ]
    assert scenario.blocks[2].calls[0].line == 15


def test_rewriting_what_is_right_changes_nothing() -> None:
    scenario = parse(STORY)
    outcome = run_scenario(scenario)
    assert outcome.passed
    assert rewritten(scenario, outcome.outputs) == STORY


def test_rewriting_changes_only_what_is_below_the_line() -> None:
    wrong = STORY.replace("orders: A 0-3", "orders: somebody else").replace("\n----\nA: closed", "")
    scenario = parse(wrong)
    outcome = run_scenario(scenario)
    assert [block.as_expected for block in outcome.blocks] == [True, False, False]
    assert not outcome.passed
    assert rewritten(scenario, outcome.outputs) == STORY


def test_output_that_is_not_expected_is_a_difference_too() -> None:
    outcome = run_scenario(parse("topic orders partitions=1\nshow groups\n----\nsomething\n"))
    assert not outcome.passed


TYPOS = [
    ("topc orders", 1, "'topc' is not a command: did you mean 'topic'?"),
    ("topic orders", 1, "expected a name and partitions=NUMBER"),
    ("topic orders partitions=many", 1, "partitions"),
    ("topic orders partitions=-1", 1, "0 or more"),
    ("topic orders partition=1", 1, "did you mean 'partitions'?"),
    ("topic a partitions=1\npartitions b 2", 2, "'b' is not a topic"),
    ("members A", 1, "expected topics="),
    ("members A topics=t session.timeout=1", 1, "did you mean 'session.timeout.ms'?"),
    ("members A topics=t session.timeout.ms=1s", 1, "expected a whole number"),
    ("members A topics=t assignors=stiky", 1, "no assignor is called 'stiky'"),
    ("members A topics=t client=librdkafk", 1, "did you mean 'librdkafka'?"),
    ("members A A topics=t", 1, "stands there already"),
    ("members A B topics=t instance=x", 1, "one member's"),
    ("members A topics=t poll=0ms", 1, "more than nothing"),
    ("members A topics=t topics=u", 1, "stands there twice"),
    ("start A", 1, "'A' is not a member"),
    ("members A topics=t\nstart A every soon", 2, "expected a duration"),
    ("members A topics=t\nstart", 2, "expected the name of a member"),
    ("members A topics=t\nclose A", 2, "A is not running"),
    ("members A topics=t\nstart A\nstart A", 3, "A is running"),
    ("members A topics=t\nstart A\ncrash A on NO_SUCH", 3, "is not an error"),
    ("members A topics=t\nlose A Sync", 2, "did you mean 'SyncGroup'?"),
    ("members A topics=t\nraise A revok", 2, "did you mean 'revoke'?"),
    ("members A topics=t\nlistener A", 2, "expected how long"),
    ("members A topics=t\nbusy A", 2, "expected `busy NAME for DURATION`"),
    ("run quickly", 1, "expected `run for 5s`"),
    ("run for 5", 1, "expected a duration such as 200ms"),
    ("run for 5s\nrun until 1s", 2, "it is 5.000s already"),
    ("run for 1s\nrun for 9999999h", 2, "a duration is at most 596h"),
    (f"run for {'9' * 400}s", 1, "a duration is at most 596h"),
    ("members A topics=t\nrun until A is Happy", 2, "is not a state of A"),
    ("members A topics=t\nrun until A is Stable", 2, "A is not running"),
    ("network delay=5..1ms", 1, "ends before it begins"),
    ("network", 1, "expected delay=1..5ms"),
    ("members A topics=t\nisolate A only=both", 2, "'both' is not a direction"),
    ("members A topics=t\nisolate A broker=2", 2, "'2' is not a broker"),
    ("members A topics=t\nheal A", 2, "A is not running"),
    ("members A topics=t\nlose A SyncGroup answer", 2, "expected a member and an API"),
    ("brokers 0", 1, "expected 1 to 50 brokers"),
    ("brokers", 1, "expected how many"),
    ("members A topics=t\nstart A\nbrokers 2", 3, "above any `start`"),
    ("log", 1, "expected append=DURATION"),
    ("log fail=some", 1, "expected a whole number"),
    ("log fail=1 error=NOT_COORDINATOR", 1, "is not a log's error"),
    ("move g to 1", 1, "'g' is not a group"),
    ("members A topics=t\nmove g 1", 2, "expected `move GROUP to BROKER`"),
    ("members A topics=t\nmove g to 1", 2, "broker 1 coordinates g already"),
    ("broker 1 dies", 1, "expected `broker 1 crashes"),
    ("broker 1 starts", 1, "not one that crashed"),
    ("broker 2 crashes", 1, "'2' is not a broker"),
    ("clock broker 3s", 1, "expected `clock A|broker [2] jumps 15s`"),
    ("clock broker 2 jumps 3s", 1, "'2' is not a broker"),
    ("clock B jumps 3s", 1, "'B' is not a member"),
    ("members A topics=t\nclock A jumps 3s", 2, "A is not running"),
    ("members A topics=t\nclock A counts 0ms", 2, "a clock goes on"),
    ("set group.initial.delay=1", 1, "unknown property"),
    ("members A topics=t\nstart A\nset group.initial.rebalance.delay.ms=1", 3, "above any `start`"),
    ("show", 1, "expected what to show"),
    ("show group", 1, "did you mean 'groups'?"),
    ("show metrics", 1, "nobody measures here"),
    ("compare egaer", 1, "did you mean 'eager'?"),
    ("measure", 1, "expected `measure from here`"),
    ("members A topics=t static=maybe", 1, "expected one of no, yes"),
    ("members a..b topics=t\nstart a-3..1", 2, "ends before it begins"),
    ("members A-1..3 topics=t\nstart A-1..4", 2, "'A-4' is not a member"),
    ("members A topics=t\nstart A every", 2, "expected a value after `every`"),
    ("members A topics=t\nstart A every 1s every 2s", 2, "each once"),
    ("members A topics=t\nstart A by 2", 2, "expected `every DURATION` too"),
    ("members A topics=t\nstart A every 1s by 0", 2, "1 or more"),
    ("members A topics=t\nrestart A", 2, "expected `away DURATION`"),
    ("members A topics=t\nrestart A away 1s by 2", 2, "expected `every DURATION` too"),
    ("members A topics=t\nrestart A away 1s", 2, "A is not running"),
    ("compare eager/stiky", 1, "no assignor is called 'stiky'"),
    ("seed x", 1, "a whole number"),
    ("rejoin 'A", 1, "a closing quotation"),
    ("# prose\n\n----\nx", 3, "expected a command above it"),
]


@pytest.mark.parametrize(("text", "line", "says"), TYPOS, ids=[text for text, _, _ in TYPOS])
def test_typo_says_where_what_and_what_was_expected(text: str, line: int, says: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        run_scenario(parse(text, "s.txt"))
    assert str(caught.value).startswith(f"s.txt:{line}: ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_typo_in_the_last_line_is_found_before_the_first_is_played() -> None:
    text = "topic t partitions=1\nmembers A topics=t\nstart A\nrun for 5h\nshw groups"
    with pytest.raises(ScenarioError, match=r"s.txt:5: "):
        run_scenario(parse(text, "s.txt"))


def test_override_of_an_assignor_that_does_not_exist_is_told() -> None:
    with pytest.raises(ScenarioError, match="stiky"):
        run_scenario(parse(STORY), overrides=Overrides(assignor="stiky"))


def test_overrides_change_what_is_played() -> None:
    outcome = run_scenario(parse(STORY), overrides=Overrides(assignor="sticky", seed=9))
    assert not outcome.comparable
    assert outcome.passed
    assert outcome.simulation.seed == 9
    assert outcome.simulation.members["A"].assignors[0].name == "sticky"


def test_every_command_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")
    for command in COMMANDS.values():
        assert f"`{command.usage}`".replace("|", "\\|") in text
        assert command.help in text


def test_missing_file_is_the_callers_business(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.txt")


def test_example_of_the_documentation_is_true() -> None:
    text = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")
    story = text.split("```\n")[1]
    scenario = parse(story)
    assert rewritten(scenario, run_scenario(scenario).outputs) == story


def test_silence_up_to_now_counts_wherever_something_is_measured() -> None:
    story = "# J10: silence.\ntopic t partitions=1\nmembers A topics=t\nstart A\nrun until 60s\n"
    measured: list[int | None] = []

    def measure(trace: Trace, from_ms: int) -> dict[str, dict[str, int]]:
        measured.append(trace.last_t)
        return {"g": {"last": trace.last_t or 0}}

    story += "show metrics\ncompare eager/range eager/sticky\nrun until 90s\n"
    outcome = run_scenario(parse(story), measure=measure)
    assert measured == [60_000] * 3
    assert outcome.trace.last_t == 90_000
