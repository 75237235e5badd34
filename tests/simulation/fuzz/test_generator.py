"""A seed is a hostile scenario: the same on every machine, rich enough to find something."""

import re
import subprocess
import sys
from random import Random
from statistics import median

from rebalance.member.profile import PROFILES
from rebalance.simulation import parse
from rebalance.simulation.commands import COMMANDS
from rebalance.simulation.fuzz import play_seed, scenario_text
from rebalance.simulation.fuzz.faults import FAULTS
from rebalance.simulation.fuzz.generator import scenario_text as generated
from rebalance.simulation.fuzz.generator import written
from rebalance.simulation.fuzz.story import Story

SEEDS = range(40)
MANY = range(400)
HARM = (
    r"produce \w+ rate=\d+( for \d+ms)?",
    r"clock \w+ (jumps|counts) \d+ms",
    r"log fail=\d error=KAFKA_STORAGE_ERROR",
    r"log fail=all error=REQUEST_TIMED_OUT for \d+ms",
    r"log append=\d+ms for \d+ms",
    r"isolate \w for \d+ms broker=\d",
    r"lose \w FindCoordinator( answers)?",
    r"lose \w Metadata( answers)?",
    r"restart \w \w every \d+ms away \d+ms killed",
    r"network \w delay=\d+\.\.\d+ms",
    r"stranger sends OffsetCommit member=nobody .*",
    r"forbid \w",
    r"subscribe \w topics=",
)
"""What the campaigns before these had never seen, among others."""


def test_a_seed_is_the_same_scenario_under_every_hash_seed() -> None:
    code = "from rebalance.simulation.fuzz import scenario_text; print(scenario_text(7), end='')"
    for hash_seed in ("0", "1"):
        printed = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert printed.stdout == scenario_text(7)
    assert scenario_text(7) != scenario_text(8)


def test_the_first_lines_name_the_faults_of_a_story_and_no_others() -> None:
    for seed in MANY:
        story = parse(scenario_text(seed)).story
        people, faults = story.split("\n")
        assert people.startswith(f"Fuzz seed {seed}: ")
        assert faults.removesuffix(".").split(", ") == list(written(seed).faults)


def test_every_story_has_three_to_six_kinds_of_fault() -> None:
    assert {len(written(seed).faults) for seed in MANY} == {3, 4, 5, 6}


def test_what_needs_another_broker_is_not_chosen_where_there_is_one() -> None:
    need = {each.name for each in FAULTS if not each.needs(Story(dice=Random(0), brokers=1))}
    assert {"coordinator move", "broker crash", "split from one broker"} <= need
    alone = [story for story in map(written, MANY) if story.brokers == 1]
    assert len(alone) > len(MANY) / 3
    for story in alone:
        assert not any(re.match("move|broker|isolate.* broker=", line) for line in story.lines)


def test_stories_are_as_rich_as_promised() -> None:
    for seed in SEEDS:
        lines = scenario_text(seed).split("\n")
        assert sum(line.startswith("members ") for line in lines) >= 4
        assert sum(line.startswith("topic ") for line in lines) >= 2
    text = "\n".join(generated(seed) for seed in MANY)
    partitions = [int(each) for each in re.findall(r"^topic \w+ partitions=(\d+)$", text, re.M)]
    assert (min(partitions), max(partitions)) == (1, 16)
    for word in ("instance=", "assignors=cooperative-sticky ", "assignors=range", "group=h"):
        assert word in text


def test_every_fault_is_written_and_so_is_every_command_that_does_harm() -> None:
    stories = [written(seed) for seed in MANY]
    assert {name for story in stories for name in story.faults} == {fault.name for fault in FAULTS}
    clients = {each.client for story in stories for each in story.consumers.values()}
    assert clients == set(PROFILES)
    lines = [line for story in stories for line in story.lines]
    for pattern in HARM:
        assert any(re.fullmatch(pattern, line) for line in lines), pattern
    only_looks = {"show", "trace", "measure", "compare"}
    # Pauses end by themselves, splits too; a story says so with `for`.
    ends_otherwise = {"resume", "heal"}
    said = {line.split()[0] for line in lines if line and not line.startswith("#")}
    assert said == set(COMMANDS) - only_looks - ends_otherwise


def test_who_was_told_to_go_may_be_started_again() -> None:
    closed = re.compile(r"^close (\w+)$.*^start \1$", re.M | re.S)
    assert sum(bool(closed.search(generated(seed))) for seed in SEEDS) > len(SEEDS) / 4


def test_in_half_of_the_stories_all_want_the_same_topics() -> None:
    alike = [
        len(set(re.findall(r"^members .* topics=(\S+)", scenario_text(seed), re.M))) == 1
        for seed in range(200)
    ]
    assert 0.4 < sum(alike) / len(alike) < 0.65


def test_i01_to_i05_hold_over_the_first_seeds_and_half_of_them_have_300_events() -> None:
    played = [play_seed(seed)[1] for seed in SEEDS]
    assert [each.failures for each in played if each.failures] == []
    assert median(each.trace_events for each in played) >= 300
