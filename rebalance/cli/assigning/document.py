"""What `rebalance assign --json` prints; docs/assign.md describes each key.

The rule kept here: everything, in plain types, in an order that never changes; partition ids as
lists of numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assignors.model import PartitionSet
from assignors.quality import Quality
from rebalance.cli.assigning.difference import difference
from rebalance.cli.assigning.running import Outcome, Possible
from rebalance.cli.assigning.today import Today

if TYPE_CHECKING:
    from assignors.optimized import Cause

_IDS = re.compile(r"\[\n\s+(\d+(?:,\n\s+\d+)*)\n\s+\]")


def as_json(
    where: str, today: Today, best: Possible, outcomes: Sequence[Outcome], *, ascii_only: bool
) -> str:
    """All of it as one JSON object, a list of ids on one line."""
    data = _document(where, today, best, outcomes)
    text = json.dumps(data, indent=2, ensure_ascii=ascii_only)
    return _IDS.sub(lambda found: f"[{' '.join(found[1].split())}]", text)


def _document(
    where: str, today: Today, best: Possible, outcomes: Sequence[Outcome]
) -> dict[str, Any]:
    return {
        "input": where,
        "group": {
            "members": len(today.members),
            "topics": len(today.cluster.partitions),
            "partitions": sum(today.cluster.partitions.values()),
            "generation_id": today.generation_id,
            "notes": list(today.notes),
        },
        "today": _plan(today.before),
        "possible": {
            "imbalance": best.imbalance,
            "moves": best.moves,
            "moves_proven": best.proven,
        },
        "assignors": [_outcome(today, each) for each in outcomes],
    }


def _plan(plan: Mapping[str, PartitionSet]) -> dict[str, dict[str, list[int]]]:
    return {member: _partitions(partitions) for member, partitions in plan.items()}


def _partitions(partitions: PartitionSet) -> dict[str, list[int]]:
    return {topic: ids.tolist() for topic, ids in partitions.by_topic.items()}


def _outcome(today: Today, outcome: Outcome) -> dict[str, Any]:
    return {
        "assignor": outcome.label,
        "name": outcome.name,
        "protocol": "cooperative" if outcome.cooperative else "eager",
        "ok": outcome.ok,
        "error": outcome.error,
        "causes": [_cause(each) for each in outcome.causes],
        "rounds": [
            {"plan": _plan(each.plan), "withheld": _partitions(each.withheld)}
            for each in outcome.rounds
        ],
        "difference": _difference(today, outcome),
        "quality": None if outcome.quality is None else _quality(outcome.quality),
        "solution": _solution(outcome),
    }


def _difference(today: Today, outcome: Outcome) -> dict[str, Any] | None:
    """From today to the last round."""
    if not outcome.rounds:
        return None
    found = difference(today, outcome.rounds[-1].plan)
    return {
        "moved": found.moved,
        "found": found.found,
        "kept": found.kept,
        "hands": [
            {"from": each.giver, "to": each.taker, "partitions": _partitions(each.partitions)}
            for each in found.hands
        ],
    }


def _quality(quality: Quality) -> dict[str, Any]:
    return {
        "valid": quality.valid,
        "violations": [
            {"fault": each.fault.name.lower(), "message": str(each)} for each in quality.violations
        ],
        "loads": dict(quality.loads),
        "imbalance": quality.imbalance,
        "least_imbalance": quality.least_imbalance,
        "movements": quality.movements,
        "settled": quality.settled,
        "withheld": len(quality.withheld),
        "topic_skew": dict(quality.topic_skew),
        "rack_misses": quality.rack_misses,
        "rack_known": quality.rack_known,
        "weighted_loads": dict(quality.weighted_loads),
        "relative_loads": dict(quality.relative_loads),
        "weight_imbalance": quality.weight_imbalance,
    }


def _solution(outcome: Outcome) -> dict[str, Any] | None:
    solution = outcome.solution
    if solution is None:
        return None
    return {
        "objective": solution.objective,
        "bound": solution.bound,
        "gap": solution.gap,
        "proven": solution.proven,
        "floor": solution.floor,
        "gap_above_floor": solution.gap_above_floor,
        "costs": dict(solution.costs),
        "moves": solution.moves,
        "method": solution.method,
        "work": solution.work,
        "mismatched": list(solution.mismatched),
        "causes": [_cause(each) for each in solution.causes],
        "notes": list(solution.notes),
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "text": str(cause),
        "partitions": _partitions(cause.partitions),
        "members": list(cause.members),
        "constraints": list(cause.constraints),
        "need": cause.need,
        "room": cause.room,
        "unit": cause.unit,
        "minimal": cause.minimal,
    }
