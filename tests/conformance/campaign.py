"""Many random conversations at once, each in a group of its own; what differs is made small.

Rule kept: a seed is all that it takes to play one again.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.conformance.acts import Conversation, drawn
from tests.conformance.brokers import Brokers
from tests.conformance.contest import Contest, DifferenceError
from tests.conformance.shrinking import as_code, shrunk
from tests.conformance.side import opened
from tests.conformance.table import AT_ONCE
from tests.conversations.raw import NoAnswerError


@dataclass(slots=True)
class Outcome:
    """What was compared: conversations, acts, answers by API and version; and what differed."""

    conversations: int = 0
    acts: int = 0
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)


def played(brokers: Brokers, conversation: Conversation) -> Counter[tuple[str, str]]:
    """Play it; how many answers of which API were equal.

    Raises:
        DifferenceError, NoAnswerError: they were not, or one did not come.
    """
    name = f"contest-{uuid.uuid4().hex[:12]}"
    with opened(brokers.kafka, name) as kafka, opened(brokers.ours, name) as ours:
        contest = Contest(conversation, kafka, ours)
        contest.play()
        return contest.asked


def campaign(
    brokers: Brokers,
    seeds: Iterable[int],
    *,
    most_differences: int = 3,
    progress: Callable[[Outcome], None] = lambda _: None,
) -> Outcome:
    """Play a conversation for each seed, `AT_ONCE` at once; stop at so many differences.

    `progress` is called after each with what there is so far.
    """
    outcome = Outcome()

    def one(seed: int) -> tuple[int, Conversation, Counter[tuple[str, str]] | Exception]:
        conversation = drawn(seed)
        if len(outcome.differences) >= most_differences:
            return seed, conversation, Counter()
        try:
            return seed, conversation, played(brokers, conversation)
        except (DifferenceError, NoAnswerError) as error:
            return seed, conversation, error

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for seed, conversation, answers in pool.map(one, seeds):
            outcome.conversations += 1
            outcome.acts += len(conversation.acts)
            if isinstance(answers, Exception):
                outcome.differences.append(_difference(brokers, seed, conversation, answers))
            else:
                outcome.answers += answers
            progress(outcome)
    return outcome


def _difference(brokers: Brokers, seed: int, conversation: Conversation, error: Exception) -> str:
    last = error

    def differs(smaller: Conversation) -> bool:
        nonlocal last
        try:
            played(brokers, smaller)
        except (DifferenceError, NoAnswerError) as again:
            last = again
            return True
        return False

    small = shrunk(conversation, differs)
    return f"seed {seed}:\n{as_code(small.people, small.acts)}\n{last}"
