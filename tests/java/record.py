"""Records what Kafka's classes answer, for machines without Java: `python -m tests.java.record`.

Rule: questions stay, answers are taken anew; a changed line is a change of Kafka's. `--keep GROUP`
adds a group (one that a failing test printed), `--draw N` replaces those that were only drawn.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from assignors.codec import encode_subscription
from assignors.model import Subscription
from tests.java import golden
from tests.java.differential import draw
from tests.java.groups import DrawnGroup
from tests.java.oracle import Oracle, columns, plan_answer

TESTDATA = Path(__file__).parents[1] / "assignors" / "testdata"
PLANS = TESTDATA / "kafka_4_4_0_plans.jsonl"
BYTES = TESTDATA / "kafka_4_4_0_bytes.jsonl"
_ASSIGNORS = ("range", "roundrobin")
_SEED = 271
_MAX_CHARACTERS = 500  # of a drawn group that is kept: the file is read by people, too

Line = dict[str, Any]


def read(path: Path) -> list[Line]:
    """The lines of a recording."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def recorded_plans(oracle: Oracle, lines: Iterable[Line]) -> list[Line]:
    """The same groups (with what else their lines say) with the plans of Kafka's assignors."""
    asked = [{key: said for key, said in line.items() if key != "plans"} for line in lines]
    groups = [DrawnGroup.from_data(each) for each in asked]
    answers = {name: oracle.ask(group.question(name) for group in groups) for name in _ASSIGNORS}
    return [
        each | {"plans": {name: _plan(answers[name][number]) for name in _ASSIGNORS}}
        for number, each in enumerate(asked)
    ]


def recorded_bytes(oracle: Oracle) -> list[Line]:
    """The table of golden.py, with the bytes that Kafka's classes write or what they read."""
    values = list(golden.questions())
    answers = oracle.ask(_asked(value) for value in values)
    return [
        value | {"read" if value["kind"].startswith("read") else "bytes": answer}
        for value, answer in zip(values, answers, strict=True)
    ]


def _asked(value: Line) -> Line:
    kind = value["kind"]
    if kind == "read user data":
        carrier = Subscription(topics=["a"], user_data=bytes.fromhex(value["bytes"]))
        return {"ask": kind} | value | {"bytes": encode_subscription(carrier, version=0).hex()}
    return {"ask": kind if kind.startswith("read") else f"write {kind}"} | value


def _plan(answer: Any) -> Line:
    return {member: columns(each) for member, each in plan_answer(answer).items()}


def _drawn(count: int) -> list[Line]:
    found = [group for group in draw(8 * count, _SEED) if _is_worth_it(group)]
    assert len(found) >= count, f"only {len(found)} of {8 * count} groups are worth keeping"
    return [group.to_data() for group in found[:count]]


def _is_worth_it(group: DrawnGroup) -> bool:
    listed = {topic for member in group.members for topic in member.topics}
    partitions = sum(len(each) for topic, each in group.topics.items() if topic in listed)
    return len(group.members) > 1 and partitions > 2 and len(repr(group)) <= _MAX_CHARACTERS


def _write(path: Path, lines: Iterable[Line]) -> None:
    path.write_text("".join(f"{_dumped(line)}\n" for line in lines))


def _dumped(line: Line) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.java.record", description=__doc__)
    parser.add_argument("--keep", metavar="GROUP", type=json.loads, help="one more, as JSON")
    parser.add_argument("--why", metavar="TEXT", help="what the kept group shows")
    parser.add_argument("--draw", metavar="N", type=int, help="draw so many groups anew")
    wanted = parser.parse_args()
    lines = read(PLANS)
    if wanted.draw is not None:
        lines = [line for line in lines if "why" in line] + _drawn(wanted.draw)
    if wanted.keep is not None:
        lines.insert(0, {"why": wanted.why or "a test failed with it"} | wanted.keep)
    with Oracle() as oracle:
        _write(PLANS, recorded_plans(oracle, lines))
        _write(BYTES, recorded_bytes(oracle))


if __name__ == "__main__":
    main()
