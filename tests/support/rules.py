"""The rules of the group protocol in half a line each, and where the tests show them.

`python -m tests.support.rules` rewrites docs/rules.md; a test says that it is up to date, that no
rule is without a test, and that no test names a rule that does not exist. A test shows a rule by
its name (`test_j07_...`, `test_j10_and_h06_...`), a row of tests/conformance by its own
(`a01_...`), a scenario by its first line (`# J10 G06: ...`).
"""

import re
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
DOCUMENT = ROOT / "docs" / "rules.md"

SECTIONS: Mapping[str, str] = {
    "G": "The classic group",
    "J": "JoinGroup",
    "S": "SyncGroup",
    "H": "Heartbeat, LeaveGroup, expiry",
    "O": "Offsets",
    "A": "Requests around a group",
    "P": "What is written",
    "M": "The classic member, client side",
    "I": "Invariants of every run",
}

RULES: Mapping[str, str] = {
    "G01": "five states and their transitions; the state before is remembered",
    "G02": "the generation starts at 0 and counts completed join phases, also those to Empty",
    "G03": "what a group keeps: members, who waits, pending ids, unsynced, instances, names",
    "G04": "all have joined when every member waits and no id is pending",
    "G05": "a group waits as long as its slowest member asks; v0 asks with its session timeout",
    "G06": "the first member leads; a leader that is gone or absent gives way to another",
    "G07": "each member votes for its first common assignor; ties go as Java's HashMap would",
    "G08": "a joiner must bring the group's type and a name that all the others support",
    "J01": "checks of the request alone: group id, then session timeout",
    "J02": "an unknown group is made only for a join without member id",
    "J03": "group.max.size turns members away",
    "J04": "a Dead group and a protocol mismatch are refused, with the id that was sent",
    "J05": "from v4 on a dynamic member gets its id first and joins with it; a static one does not",
    "J06": "instance unknown, instance of another id, id unknown: three different refusals",
    "J07": "what the rejoin of a known member does, state by state",
    "J08": "a new member has five minutes until its first join completes",
    "J09": "who is parked cannot expire, unless it is new",
    "J10": "an empty group waits for more members before its first generation",
    "J11": "a join phase ends when all joined or in time, without dynamic members that did not",
    "J12": "a rebalance that interrupts CompletingRebalance answers every parked SyncGroup",
    "J13": "the end of a join phase: all learn the generation, the leader also the members",
    "J14": "a parked member that is removed is answered UNKNOWN_MEMBER_ID",
    "J15": "a static member that restarts takes its old place, mostly without a rebalance",
    "J16": "reasons of any length; null or empty protocol names by version",
    "J17": "a second request of a member replaces the parked one",
    "J18": "what is answered at once changes neither timeouts nor session",
    "J19": "which member id an error carries",
    "J20": "a pending id that comes back with an instance, or with foreign protocols",
    "J21": "a static member whose return is refused stays as it was",
    "J22": "what stands beside every JoinGroup error",
    "S01": "the order of SyncGroup's checks; v5 must name type and protocol",
    "S02": "followers wait for the leader; its word counts once it is written",
    "S03": "in Stable the assignment is answered at once",
    "S04": "who joined and does not sync in time is out",
    "S05": "the session begins anew when the assignment goes out",
    "H01": "the order of Heartbeat's checks; what is accepted re-arms the session",
    "H02": "an id that never joined may not heartbeat",
    "H03": "an accepted commit is as good as a heartbeat",
    "H04": "LeaveGroup of one member or a batch, static ones also by instance alone",
    "H05": "a pending id that leaves lets the rebalance end",
    "H06": "what the end of a session does, for pending ids, members, static members",
    "H07": 'which requests may name the group ""',
    "H08": "a SyncGroup whose member leaves while it is parked",
    "O01": "who may commit to a group that does not exist",
    "O02": "who may commit when, state by state",
    "O03": "metadata too large and unknown partitions are refused one by one",
    "O04": "an offset that was never committed is -1, whatever is asked",
    "O05": "how long offsets are kept",
    "O06": "commits in a consumer group (KIP-848)",
    "O07": "transactional commits are kept aside until the end",
    "O08": "a deleted topic takes its offsets along; null metadata becomes empty",
    "O09": "a commit without any partition that exists never reaches the coordinator",
    "O10": "empty groups without offsets are deleted by the retention check",
    "A00": "admin APIs beside the group's: topics, records, configuration, the cluster, ACLs",
    "A01": "DescribeGroups, state by state; an unknown group is Dead",
    "A02": "ListGroups and its filters",
    "A03": "DeleteGroups deletes empty groups with their offsets",
    "A04": "OffsetDelete refuses what is subscribed",
    "A05": "FindCoordinator in batch; what an unsupported version is answered",
    "A06": "what is answered before there is an offsets topic",
    "A07": "FindCoordinator's messages, empty keys and unknown types",
    "A08": "ApiVersions checks the software's name, and whom the client means",
    "A09": "authorized operations and the client host in Java's form",
    "A10": "messages of DescribeGroups v6 and DeleteGroups v3",
    "P01": "the partition of a group, and the record types",
    "P02": "a classic group is written only by the leader's sync, on Empty and on replacement",
    "P03": "what a coordinator knows after loading",
    "P04": "what is answered before, during and after loading",
    "P05": "versions of the values that are written",
    "P06": "the records of a classic group's life, in order",
    "M01": "eager gives up all before joining, cooperative what it was asked to, then rejoins",
    "M02": "who lost its generation loses what it owned and claims nothing",
    "M03": "what a subscription says in which version, and how newer ones are read",
    "M04": "a member's rebalance protocol follows from its own assignors alone",
    "M05": "which answers to a heartbeat count; static members do not leave on close",
    "M06": "a cooperative leader gives away nothing that another still owns",
    "M07": "an application that stops polling leaves the group and may come back",
    "M08": "an assignor that fails does not stall the group",
    "I01": "no partition has two owners",
    "I02": "no partition moves before it was revoked",
    "I03": "who is fenced cannot commit; a committed offset does not go back",
    "I04": "generations and epochs do not go back",
    "I05": "without further faults every group becomes Stable with everything assigned",
    "I06": "records are read without gap, twice only since the last commit",
}

LATER = frozenset(
    {
        "O06",
    }
)
"""Rules that are known and not implemented yet."""

_TEXT = """# Rules of the group protocol

What the machines keep, each rule with a name that the code's comments use, and where it is shown.
The rules were read out of Apache Kafka's coordinator and client and put to a real broker (4.4.0),
which stays the judge: `tests/conversations` has the same conversations with the embedded broker
and with Apache Kafka, `tests/conformance` compares their answers field by field. Paths are below
`tests/`, so that `pytest tests/FILE::TEST` runs one; scenarios are told apart by their file alone.
Written by `python -m tests.support.rules`.

What is *(later)* is not there yet.
"""
_TEST = re.compile(
    r"^\s*(?:async )?def (test_([a-z]\d\d(?:(?:_and)?_[a-z]\d\d)*)(?:_\w*)?)\(", re.M
)
_CASE = re.compile(r'"([a-z]\d\d(?:(?:_and)?_[a-z]\d\d)*)(?:_|")')
"""The name of a row of the table that is played with both brokers."""
_ID = re.compile(r"[a-z]\d\d")


def shown() -> dict[str, dict[str, list[str]]]:
    """Rule -> the files that show it, sorted -> their tests in order (none: a scenario).

    Also of rules that the table does not know.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for path in sorted(TESTS.rglob("*.py")):
        file = path.relative_to(TESTS).as_posix()
        for test, names in _TEST.findall(path.read_text(encoding="utf-8")):
            for rule in _ID.findall(names):
                found.setdefault(rule.upper(), {}).setdefault(file, []).append(test)
    for path in sorted((TESTS / "conformance" / "cases").glob("*.py")):
        for names in _CASE.findall(path.read_text(encoding="utf-8")):
            for rule in _ID.findall(names):
                rows = [f"test_the_same_answers -k {rule}_"]
                found.setdefault(rule.upper(), {})["conformance/test_cases.py"] = rows
    for path in sorted((TESTS / "testdata" / "scenarios").glob("*.txt")):
        header = path.read_text(encoding="utf-8").partition("\n")[0]
        for rule in re.findall(r"\b[A-Z]\d\d\b", header.partition(":")[0]):
            found.setdefault(rule, {})[path.relative_to(TESTS).as_posix()] = []
    return found


def _listed(tests: list[str]) -> str:
    """The tests of one file, or nothing for a scenario."""
    return " " + " · ".join(f"`::{test}`" for test in tests) if tests else ""


def document() -> str:
    """The whole of docs/rules.md."""
    files = shown()
    parts = [_TEXT]
    for letter, title in SECTIONS.items():
        parts.append(f"\n## {letter}. {title}\n\n")
        for rule, statement in RULES.items():
            if rule[0] == letter:
                later = " *(later)*" if rule in LATER else ""
                parts.append(f"- **{rule}** {statement}{later}\n")
                for file, tests in files.get(rule, {}).items():
                    parts.append(f"  - `{file}`{_listed(tests)}\n")
    return "".join(parts)


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
