"""``python -m tests.conformance``: plays the table and random conversations, and counts.

    python -m tests.conformance --conversations 20000 --kept DIR --write

With `--write` the counts go to docs/conformance.md, between its two markers. Exit code 1 where the
brokers differ, with the smallest conversation that shows it.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.conformance.brokers import Brokers, both_running
from tests.conformance.campaign import Outcome
from tests.conformance.cases import CASES
from tests.conformance.chunks import played_in_chunks
from tests.conformance.played import NOBODY_ANSWERS
from tests.conformance.progress import Progress
from tests.conformance.table import play_everywhere

DOCUMENT = Path(__file__).parents[2] / "docs" / "conformance.md"
BEGIN, END = "<!-- counts: begin -->", "<!-- counts: end -->"
_RULES = re.compile(r"(?:(?:and_)?[a-z]\d\d_)+")


def main() -> int:
    """Play, print, and write."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance")
    parser.add_argument("--conversations", type=int, default=2_000, help="random ones")
    parser.add_argument("--seed", type=int, default=0, help="of the first; the others follow")
    parser.add_argument("--write", action="store_true", help="the counts to docs/conformance.md")
    parser.add_argument(
        "--kept",
        type=Path,
        metavar="DIR",
        help="what is played is kept there, and not played again",
    )
    asked = parser.parse_args()
    if asked.kept is not None:
        asked.kept.mkdir(parents=True, exist_ok=True)
    seeds = range(asked.seed, asked.seed + asked.conversations)
    outcome = played_in_chunks(seeds, asked.kept)
    with both_running() as brokers:
        table = _table(brokers, Progress("of the table", len(CASES)))
    text = _report(table, outcome, asked.seed)
    print(text)
    if asked.write:
        before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
    return 1 if table.failed or outcome.differences else 0


@dataclass(slots=True)
class _Table:
    """What was compared, and the names of the cases that differ."""

    by_rule: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    frames: int = 0
    records: int = 0
    failed: list[str] = field(default_factory=list)


def _table(brokers: Brokers, progress: Progress) -> _Table:
    """The whole table, played."""
    table = _Table()
    for played, both in enumerate(play_everywhere(brokers, CASES), 1):
        progress.tell(played, table.failed)
        if both.ours != both.kafka or any(who == NOBODY_ANSWERS for who, _ in both.kafka):
            table.failed.append(both.case.name)
            continue
        table.by_rule.update(rule.upper() for rule in _rules(both.case.name))
        for who, what in both.ours:
            if who == "written":
                table.records += sum(len(records) for _, records in what)
            elif who == "frame":
                table.frames += 1
            elif ": " in who:
                table.answers[who.partition(": ")[2]] += 1
    return table


def _rules(name: str) -> list[str]:
    """The rules in front of a case's name."""
    found = _RULES.match(name)
    return re.findall(r"[a-z]\d\d", found[0]) if found else []


def _report(table: _Table, outcome: Outcome, seed: int) -> str:
    everywhere, failed = table.answers.copy(), table.failed
    for (api, _), count in outcome.answers.items():
        everywhere[api] += count
    lines = [
        f"- Table: {len(CASES):,} conversations; {table.answers.total():,} answers, "
        f"{table.frames:,} raw frames and {table.records:,} records of the log compared; "
        f"{len(failed)} conversations differ{': ' if failed else ''}{', '.join(failed)}.",
        f"- Random: {outcome.conversations:,} conversations (seeds {seed} to "
        f"{seed + outcome.conversations - 1}), {outcome.acts:,} acts, "
        f"{outcome.answers.total():,} answers compared, {len(outcome.differences)} differ.",
        "",
        "| rule | conversations of the table |",
        "|---|---|",
        *(f"| {rule} | {count:,} |" for rule, count in sorted(table.by_rule.items())),
        "",
        "| API | versions | answers compared |",
        "|---|---|---|",
        *_by_api(everywhere),
        "",
        "| random conversations were answered | how often |",
        "|---|---|",
        *_by_error(outcome),
    ]
    return "\n".join(lines)


def _by_api(answers: Counter[str]) -> list[str]:
    apis: dict[str, dict[int, int]] = {}
    for name, count in answers.items():
        api, _, version = name.partition(" v")
        apis.setdefault(api, {})[int(version)] = count
    return [
        f"| {api} | {min(versions)} to {max(versions)} | {sum(versions.values()):,} |"
        for api, versions in sorted(apis.items())
    ]


def _by_error(outcome: Outcome) -> list[str]:
    counts: Counter[tuple[str, str]] = Counter()
    for (api, error), count in outcome.answers.items():
        counts[api.partition(" v")[0], error] += count
    return [f"| {api}: {error} | {count:,} |" for (api, error), count in sorted(counts.items())]


if __name__ == "__main__":
    sys.exit(main())
