"""Asks Kafka's Java classes: many questions a line, one Java process for as long as it is needed.

Rule: what goes over is plain data and bytes as members exchange them; src/Oracle.java says which
class answers. What an answer means in terms of `assignors` is said here, once.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from assignors.codec import decode_assignment
from assignors.model import PartitionSet, Subscription
from tests.java import programs

Plan = dict[str, PartitionSet]
Racks = Mapping[str, Sequence[Sequence[str | None]]]
"""Topic -> per partition the racks of its replicas, None for a broker without one."""

_BATCH = 500


class Oracle:
    """The Java process, for as long as the `with` block lasts; `program` is a class of src/."""

    def __init__(self, program: str = "Oracle") -> None:
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = programs.start(self._program)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        process, self._process = self._process, None
        if process is not None:
            if exc is not None:
                process.kill()
            process.communicate()

    def ask(self, questions: Iterable[Mapping[str, Any]]) -> list[Any]:
        """The answers, in order. Raises RuntimeError if the program fails; it says why itself."""
        asked = list(questions)
        answers: list[Any] = []
        for first in range(0, len(asked), _BATCH):
            answers += self._ask(asked[first : first + _BATCH])
        return answers

    def _ask(self, questions: Sequence[Mapping[str, Any]]) -> list[Any]:
        assert self._process is not None, "use it in a with block"
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(questions).encode() + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()  # only after the whole question has been read
        if not line:
            raise RuntimeError("the Java oracle failed: see its stack trace on standard error")
        answers: list[Any] = json.loads(line)
        return answers


def plan_question(
    assignor: str, topics: Racks, members: Iterable[tuple[str, str | None, bytes]]
) -> dict[str, Any]:
    """What `assignor` (its wire name) says to members: (id, instance id, subscription's bytes)."""
    return {
        "ask": "plan",
        "assignor": assignor,
        "topics": topics,
        "members": [
            {"id": member, "instance": instance, "metadata": metadata.hex()}
            for member, instance, metadata in members
        ],
    }


def plan_answer(answer: Mapping[str, str]) -> Plan:
    """The plan, out of the bytes that would go to the members."""
    assert "error" not in answer, f"Kafka's assignor failed: {answer['error']}"
    return {
        member: decode_assignment(bytes.fromhex(data)).partitions
        for member, data in sorted(answer.items())
    }


def columns(partitions: PartitionSet) -> dict[str, list[int]]:
    """As plain data."""
    return {topic: ids.tolist() for topic, ids in partitions.by_topic.items()}


def fields(subscription: Subscription) -> dict[str, Any]:
    """A subscription as the Java programs write one down."""
    data = subscription.user_data
    return {
        "topics": list(subscription.topics),
        "owned": columns(subscription.owned),
        "generation_id": subscription.generation_id,
        "group_instance_id": subscription.group_instance_id,
        "rack_id": subscription.rack_id,
        "user_data": None if data is None else data.hex(),
    }
