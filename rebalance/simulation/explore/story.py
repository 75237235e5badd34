"""A path through the states as a story to read, and as a trace to draw.

Why: a violation is understood by what led there. The steps are told in the words of the other
commands; in the trace one step takes 100 ms, for time stands still while exploring and what counts
is the order.
"""

from collections.abc import Iterator
from dataclasses import replace

from rebalance.simulation.explore.search import Explored
from rebalance.simulation.words import who_and_what
from rebalance.timeline import trace

__all__ = ["STEP_MS", "story", "told"]

STEP_MS = 100


def story(explored: Explored) -> Iterator[str]:
    """The steps that lead to the violation, numbered, with what was seen at each."""
    width = len(str(len(explored.path)))
    for number, step in enumerate(explored.path, 1):
        fault = f"  ({step.fault})" if step.fault else ""
        yield f"{number:>{width}}  {step.label}{fault}"
        for event in _events(step.facts):
            who, what = who_and_what(event)
            yield f"{'':>{width}}      {who}: {what}"


def told(explored: Explored) -> trace.Trace:
    """The path to a violation as a trace: one step each 100 ms, faults as steps of a script."""
    made = trace.Trace(
        trace.Header(
            source="explore",
            clock="virtual",
            note=f"one step is {STEP_MS} ms: the order counts, not the times",
        )
    )
    for topic, partitions in explored.group.topics.items():
        made.add(trace.TopicKnown(t=0, topic=topic, partitions=partitions))
    for number, step in enumerate(explored.path, 1):
        t = number * STEP_MS
        if step.fault:
            made.add(trace.Step(t=t, text=step.label))
        for event in _events(step.facts):
            made.add(replace(event, t=t))
    if explored.violation is not None:
        end = (len(explored.path) + 1) * STEP_MS
        broken = f"{explored.violation.rule}: {explored.violation.message}"
        made.add(trace.Step(t=end, text=broken))
        made.add(trace.TraceEnded(t=end))
    return made


def _events(facts: tuple[object, ...]) -> list[trace.Event]:
    return [fact for fact in facts if isinstance(fact, trace.Event)]
