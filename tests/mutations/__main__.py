"""`python -m tests.mutations --seeds 200 --write`: which checker finds which mutation.

What it writes: docs/mutations.md for people, found.json for the test, which plays every mutation
over the first seed of each checker that found it.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from tests.mutations.catalogue import EXPLAINED, MUTATIONS
from tests.mutations.judge import Verdict, judge

FOUND = Path(__file__).with_name("found.json")
PAGE = Path(__file__).parents[2] / "docs" / "mutations.md"
_HEAD = """# Bugs on purpose

Would the checkers notice if something were wrong? Each line below is a small bug that was put into
the real coordinator, member or assignor, one at a time. Every one passes the plain stories (first
join, no initial delay, commits by hand); one that raises, or changes nothing, is refused. The
fuzzer's scenarios, from seed 0 on, were then played with it until enough of them broke an
invariant, or as many were played as the row allowed: "stops at" says how many are enough, of how
many at most. "Acts": in how many of those played things went another way than without it; "seeds":
in how many an invariant broke, of how many played. Rows are written by
`python -m tests.mutations --seeds MOST --enough FINDS --write`, all or those that are named
(`--enough 0`: all seeds); a test plays each bug with the seed that is known to find it. All rows
over the same seeds, so that their counts compare, are
`python -m tests.mutations --seeds 250 --enough 0 --write`: about a fifth of a second a seed and
row, three quarters of an hour of one core. Several may share the work, each with rows of its own.

What finds it is told in [fuzz.md](fuzz.md#what-is-checked); many show only in the experiments that
a story ends with, for in the story itself whoever comes next heals what they broke.
"""


def main() -> None:
    """Judge the mutations named, or all; go on where a run before left off."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these")
    parser.add_argument("--seeds", type=int, default=100, help="seeds to play at most")
    parser.add_argument("--enough", type=int, default=3, help="finds that do; 0: all seeds")
    parser.add_argument("--write", action="store_true", help="write the page and found.json")
    chosen = parser.parse_args()
    refused = 0
    for name in chosen.names or MUTATIONS:
        verdict = judge(MUTATIONS[name], range(chosen.seeds), enough=chosen.enough or None)
        told = verdict.refused or _finders(_kept(verdict)) or "not found"
        print(f"{name}: {told} in {verdict.seeds}, acts in {verdict.acted}", flush=True)
        counts = not verdict.refused or name in EXPLAINED
        refused += not counts
        if chosen.write and counts:
            # Read anew each time: several of these may share the work.
            known = json.loads(FOUND.read_text(encoding="utf-8")) if FOUND.exists() else {}
            known[name] = _kept(verdict) | {"most": chosen.seeds, "enough": chosen.enough}
            _write({name: known[name] for name in MUTATIONS if name in known})
    if refused:
        raise SystemExit(f"{refused} refused: a mutation does something and does not raise")


def _kept(verdict: Verdict) -> dict[str, object]:
    return {
        "seeds": verdict.seeds,
        "acted": verdict.acted,
        "by": verdict.by,
        "found": dict(sorted(verdict.found.items())),
        "first": dict(sorted(verdict.first.items())),
    }


def _write(known: dict[str, dict[str, object]]) -> None:
    FOUND.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text("\n".join(_page(known)) + "\n", encoding="utf-8")


def _page(known: dict[str, dict[str, object]]) -> Iterator[str]:
    acting = [each for each in known.values() if each["acted"]]
    found = sum(bool(each["by"]) for each in acting)
    yield _HEAD
    yield f"**{found} of {len(acting)} that change something are found.**"
    for name, each in known.items():
        if not each["acted"]:
            yield f"`{name}` is not counted: it changes nothing in {each['seeds']} seeds."
    yield ""
    waiting = [f"`{name}`" for name in MUTATIONS if name not in known]
    if waiting:
        yield f"Not judged yet: {', '.join(waiting)}."
        yield ""
    columns = ("mutation", "rule: what it breaks", "re-creates", "acts", "seeds", "stops at")
    yield f"| {' | '.join(columns)} | found by (seeds) |"
    yield "|---|---|---|---|---|---|---|"
    for name, each in known.items():
        bug = MUTATIONS[name]
        finders = _finders(each) or f"**not found**: {EXPLAINED.get(name, 'nobody knows why')}"
        yield (
            f"| `{name}` | {bug.rule}: {bug.breaks} | {bug.recreates} | {each['acted']} | "
            f"{each['by']} of {each['seeds']} | {_stop(each)} | {finders} |"
        )


def _stop(each: dict[str, object]) -> str:
    return f"{each['enough'] or 'all'} of {each['most']}"


def _finders(each: dict[str, object]) -> str:
    found = each["found"]
    assert isinstance(found, dict)
    return ", ".join(f"{name} ({count})" for name, count in sorted(found.items()))


if __name__ == "__main__":
    main()
