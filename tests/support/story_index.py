"""Writes the index of all stories into docs/scenarios.md, so that none is missing from it.

`python -m tests.support.story_index` rewrites it; a test says that it is up to date, that every
story stands under a question or is found by its rules, and that no question is without a story.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from rebalance.simulation import Scenario, read
from tests.support.rules import RULES, SECTIONS

ROOT = Path(__file__).parents[2]
SCENARIOS = ROOT / "tests" / "testdata" / "scenarios"
DOCUMENT = ROOT / "docs" / "scenarios.md"
BEGIN, END = "<!-- stories: begin -->\n", "<!-- stories: end -->\n"

QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "Nobody consumes, and every health check is green": (
        "outage_of_84_members",
        "stuck_in_preparing",
        "joined_twice",
        "pending_member_id",
        "slow_assignor",
        "slowest_member_sets_the_wait",
    ),
    "What will my next deploy cost?": (
        "rolling_restart",
        "rolling_restart_static",
        "deploy_in_waves",
        "deploy_of_static_pods",
        "deploy_all_at_once",
        "killed_pod_comes_back",
        "scale_out_and_in",
        "cooperative_scale_out",
    ),
    "It rebalances all the time": (
        "storm_of_short_timeouts",
        "pauses_within_the_session",
        "initial_delay_off",
        "slow_poller",
        "slow_assignor",
    ),
    "Eager or cooperative, and how to get from one to the other": (
        "eager_against_cooperative",
        "cooperative_scale_out",
        "migrate_to_cooperative",
        "migrate_in_one_bounce",
        "memory_of_owners",
    ),
    "A consumer is there and does nothing": (
        "member_without_partitions",
        "never_syncs",
        "group_is_full",
        "permission_taken",
        "slow_poller",
    ),
    "Static members": (
        "rolling_restart_static",
        "deploy_of_static_pods",
        "two_pods_one_name",
        "static_return_refused",
        "removed_by_an_admin",
        "who_is_not_who_it_says",
    ),
    "Commits that are refused, records that are read twice": (
        "zombie",
        "late_commit",
        "commits_by_hand",
        "slow_listener",
    ),
    "A crash, a pause, a broken network": (
        "crash",
        "zombie",
        "lost_connection",
        "network_splits",
        "faults_that_overlap",
        "answer_lost",
        "heartbeats_get_lost",
        "commits_keep_alive",
        "goodbye_gets_lost",
        "leader_dies_while_assigning",
        "new_member_dies_while_parked",
        "assignor_raises",
        "assignment_not_stored",
    ),
    "The broker moves, crashes, is slow": (
        "coordinator_moves",
        "broker_crash",
        "no_coordinator",
        "failing_disk",
        "assignment_not_stored",
        "clocks",
    ),
    "Topics and subscriptions change": (
        "new_partitions",
        "topic_is_deleted",
        "subscription_changes",
        "unsubscribe",
        "reason_for_a_rebalance",
    ),
}
"""What somebody asks -> the stories that answer it, the best one first."""


def stories() -> dict[str, Scenario]:
    """Name -> story, sorted."""
    return {path.stem: read(path) for path in sorted(SCENARIOS.glob("*.txt"))}


def title(story: Scenario) -> str:
    """The first sentence of its prose, without its rules."""
    return story.story.partition("\n")[0].partition(": ")[2].rstrip(".")


def index() -> str:
    """The part of the page between its marks."""
    every = stories()
    parts: list[str] = []
    for question, names in QUESTIONS.items():
        parts.append(f"### {question}\n\n")
        parts += [f"- {_link(name)}: {title(every[name])}\n" for name in names]
        parts.append("\n")
    parts.append("### The rest of the protocol\n\n")
    asked = {name for names in QUESTIONS.values() for name in names}
    parts += [f"- {_link(n)}: {title(s)}\n" for n, s in every.items() if n not in asked]
    parts.append("\n### By rule\n\n[rules.md](rules.md) says what each rule is.\n\n")
    parts.append("| rule | stories |\n|---|---|\n")
    for rule in RULES:
        told = [_link(name) for name, story in every.items() if rule in story.rules]
        if told:
            parts.append(f"| {rule} | {', '.join(told)} |\n")
    return "".join(parts)


def untold() -> list[str]:
    """Rules of the group protocol that no story shows, of the sections that stories can show."""
    told = {rule for story in stories().values() for rule in story.rules}
    letters = [letter for letter in SECTIONS if letter in "GJSHM"]
    return [rule for rule in RULES if rule[0] in letters and rule not in told]


def rewritten(text: str) -> str:
    """The page with the index as it should be."""
    pattern = re.escape(BEGIN) + ".*?" + re.escape(END)
    return re.sub(pattern, lambda _: BEGIN + "\n" + index() + "\n" + END, text, flags=re.DOTALL)


def _link(name: str) -> str:
    return f"[{name}](../tests/testdata/scenarios/{name}.txt)"


if __name__ == "__main__":
    DOCUMENT.write_text(rewritten(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
