"""`simulate`: a user's consumer code under rebalances and faults, without a broker, in no time.

Rule kept: the same arguments give the same result, byte for byte, on every machine, as long as the
code itself asks neither a clock nor chance (`asyncio.get_running_loop().time()` is virtual).
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aiokafka.errors import KafkaError

from assignors.interface import Assignor
from rebalance.simulation.fuzz.shrink import shrink
from rebalance.simulation.scenario import ScenarioError
from rebalance.testing.simulated.application import Application, Code, plain_values
from rebalance.testing.simulated.arguments import allowed, seeds_of, takes_a_sink, within
from rebalance.testing.simulated.client import ListenerRuns
from rebalance.testing.simulated.consumer import SimulatedConsumer, Values
from rebalance.testing.simulated.play import EndedByItselfError, Played, play
from rebalance.testing.simulated.result import SimulationResult
from rebalance.testing.simulated.stories import TAIL, declared, hostile, names, without

__all__ = ["simulate"]

_MOST_PLAYS = 300
"""How often a failing story is played again to make it small."""


async def _plain(consumer: SimulatedConsumer) -> None:
    """What runs where only a listener is to be tested: process, and commit now and then."""
    done = 0
    async for _ in consumer:
        await asyncio.sleep(0.005)
        done += 1
        if done % 20 == 0:
            try:
                await consumer.commit()
            except KafkaError:
                continue  # a rebalance came in between: the next commit says it all


def simulate(
    application: Application | None = None,
    *,
    listener: Callable[[SimulatedConsumer], Any] | None = None,
    assignor: str | Assignor | type[Assignor] = "cooperative-sticky",
    members: int = 3,
    topics: Mapping[str, int] | None = None,
    rate_per_s: int = 10,
    scenario: str | None = None,
    seed: int | None = None,
    seeds: int | Iterable[int] | None = None,
    length: int = 10,
    settings: Mapping[str, str] | None = None,
    listener_runs: ListenerRuns = "beside",
    values: Values = plain_values,
    allow: Iterable[str] = (),
) -> SimulationResult:
    """Run consumers with a user's code in virtual time, through rebalances and faults.

    Args:
        application: `async def application(consumer)`, in the style of aiokafka; with a second
            argument, `sink`, a record counts as processed when it is put there: `sink(record)`.
            Without one, what was handed out counts once the application comes back for more.
            None: a plain loop, to test a listener alone.
        listener: makes a rebalance listener for a consumer; its methods may be sync or async, and
            it need not be derived from anything.
        assignor: a registered name, names separated by commas, an object, or a class.
        members: so many consumers at a time, from 1 to 20.
        topics: name -> partitions; {"orders": 6} by default.
        rate_per_s: records a second that come into each partition.
        scenario: what happens, as lines of a scenario (docs/scenarios.md); consumers are A, B, ...
            Without one a seed says what happens.
        seed, seeds: of a hostile story, 0 by default; several: a number (from 0 on), or the seeds
            themselves. The first one that fails is shrunk.
        length: so many deploys and faults in a story.
        settings: client settings by Kafka's property names, in place of the defaults (stories.py).
        listener_runs: "beside" the application, as in aiokafka, or "in poll", as in Java's client.
        values: key and value of a record, by partition and offset.
        allow: kinds of findings, or rules, that are no failure: {"late commit"}.

    Returns:
        What came of it; `check()` raises AssertionError with the whole story if something is wrong.

    Raises:
        ScenarioError: a line of `scenario`, a setting or the name of an assignor does not make
            sense.
        TypeError: an argument is of another kind than it should be: an application that is no
            coroutine, a listener without the methods of one.
        ValueError: an argument is out of its bounds, or two contradict each other.
    """
    topics = {"orders": 6} if topics is None else topics
    wanted = seeds_of(seed, seeds, scenario)
    within(
        members=members,
        topics=topics,
        rate_per_s=rate_per_s,
        length=length,
        listener=listener,
        listener_runs=listener_runs,
        values=values,
    )
    code = Code(
        application=application or _plain,
        has_sink=application is not None and takes_a_sink(application),
        listener=listener,
        listener_runs=listener_runs,
        values=values,
    )
    search = _Search(
        code=code,
        assignor=assignor,
        members=members,
        topics=dict(topics),
        rate_per_s=rate_per_s,
        settings=settings or {},
        length=length,
        allow=allowed(allow),
    )
    return search.first_failure(wanted) if scenario is None else search.one(seed or 0, scenario)


class _Search:
    """Seeds one after another, until one fails."""

    def __init__(
        self,
        *,
        code: Code,
        assignor: str | Assignor | type[Assignor],
        members: int,
        topics: dict[str, int],
        rate_per_s: int,
        settings: Mapping[str, str],
        length: int,
        allow: frozenset[str],
    ) -> None:
        self._code = code
        self._named = assignor if isinstance(assignor, str) else "range"
        self._object = None if isinstance(assignor, str) else assignor
        self._members = members
        self._topics = topics
        self._rate_per_s = rate_per_s
        self._settings = settings
        self._length = length
        self._allow = allow

    def one(self, seed: int, scenario: str) -> SimulationResult:
        """A story that is given: with a stage of its own, or on ours."""
        # Blank lines stay: they end what a story expects to be printed.
        lines = [line.strip() for line in scenario.strip().split("\n")]
        if not any(line.split()[:1] == ["members"] for line in lines):
            lines = [*self._stage(seed), *lines]
        return self._result(seed, 1, self._as_far_as_it_goes(lines))

    def _as_far_as_it_goes(self, lines: list[str]) -> Played:
        """A story until it speaks of a process that an exception of its own code has ended.

        Then what was raised is what is wrong, and not the story.
        """
        try:
            return self._play(lines)
        except EndedByItselfError as error:
            played = self._play(lines[: error.line - 1])
            if not any(finding.kind == "error" for finding in played.findings):
                raise
            return replace(played, cut_short=str(error))

    def first_failure(self, seeds: Iterable[int]) -> SimulationResult:
        """The first seed that fails, made small; or the last one."""
        result = None
        for count, seed in enumerate(seeds, 1):
            stage = self._stage(seed)
            played, story = self._told(stage, self._story(seed, stage))
            result = self._result(seed, count, played)
            if not result.passed:
                return self._small(result, stage, story)
        assert result is not None  # there is at least one seed
        return result

    def _stage(self, seed: int) -> list[str]:
        return declared(
            seed=seed,
            members=self._members,
            topics=self._topics,
            rate_per_s=self._rate_per_s,
            assignor=self._named,
            settings=self._settings,
        )

    def _story(self, seed: int, stage: list[str]) -> list[str]:
        whole = hostile(
            stage, seed=seed, members=self._members, topics=self._topics, length=self._length
        )
        return whole[len(stage) :]

    def _play(self, lines: Sequence[str]) -> Played:
        return play(lines, self._code, self._object)

    def _told(self, stage: list[str], story: list[str]) -> tuple[Played, list[str]]:
        """A story as it was played: lines about a process that its own code has ended are left out.

        Nobody knew that when the story was written.
        """
        while True:
            try:
                return self._play([*stage, *story, *TAIL]), story
            except ScenarioError as error:
                at = error.line - 1 - len(stage)
                if not 0 <= at < len(story):
                    raise
                story = story[:at] + story[at + 1 :]

    def _result(self, seed: int, seeds: int, played: Played) -> SimulationResult:
        return SimulationResult(seed=seed, seeds=seeds, played=played, allow=self._allow)

    def _small(
        self, result: SimulationResult, stage: list[str], story: list[str]
    ) -> SimulationResult:
        signature = result.played.signature(self._allow)

        def fails(lines: Sequence[str]) -> bool:
            return self._still(signature, [*stage, *lines, *TAIL]) is not None

        shrunk = shrink(story, fails, most_plays=_MOST_PLAYS)
        small = shrunk.lines
        told = {word for line in small for word in line.split()}
        unused = [name for name in names(self._members) if name not in told]
        lines = [*without(stage, unused), *small, *TAIL]
        played = self._still(signature, lines) or self._play([*stage, *small, *TAIL])
        return SimulationResult(
            seed=result.seed,
            seeds=result.seeds,
            played=played,
            shrunk_from=len(stage) + len(story) + len(TAIL),
            gave_up=shrunk.gave_up,
            allow=self._allow,
        )

    def _still(self, signature: str, lines: Sequence[str]) -> Played | None:
        """As played, if it fails in the same way."""
        try:
            played = self._play(lines)
        except ScenarioError:
            return None
        return played if played.signature(self._allow) == signature else None
