"""Java's properties files: each line of its grammar, and Java's own reader as the oracle."""

from __future__ import annotations

import json

import pytest

from rebalance.cli.java_properties import PropertiesError, parse_properties
from tests.java import programs, require_java

CASES: dict[str, dict[str, str]] = {
    "a=1": {"a": "1"},
    "a = 1 ": {"a": "1"},
    "a:1": {"a": "1"},
    "a 1": {"a": "1"},
    "a\t\f1": {"a": "1"},
    "a = = 1": {"a": "= 1"},
    "a  :  =1": {"a": "=1"},
    "a": {"a": ""},
    "=1": {"": "1"},
    "# a=1\n! b=2\n  # c=3\n\n \nd=4": {"d": "4"},
    "a=1\na=2": {"a": "2"},
    "a=1,\\\n   2,\\\n\t3": {"a": "1,2,3"},
    "a=1\\\\\nb=2": {"a": "1\\", "b": "2"},
    "a=1\\\n# no comment": {"a": "1# no comment"},
    "a=1\\": {"a": "1"},
    "a\\ b=1": {"a b": "1"},
    "a\\=b\\:c=1": {"a=b:c": "1"},
    "a=\\t\\n\\r\\f\\q\\u0041\\\\x": {"a": "\t\n\r\fqA\\x"},
    "a=\u00e9": {"a": "\u00e9"},
    "a=1\r\nb=2\rc=3": {"a": "1", "b": "2", "c": "3"},
    "a=x # y": {"a": "x # y"},
    "": {},
}


@pytest.mark.parametrize("text", CASES)
def test_what_is_read(text: str) -> None:
    read = parse_properties(text.encode("latin-1"))
    assert {key: each.value for key, each in read.items()} == CASES[text]


def test_the_line_that_a_property_begins_at() -> None:
    read = parse_properties(b"# one\n\na=1,\\\n  2\nb=3\na=4\n")
    assert {key: each.line for key, each in read.items()} == {"a": 6, "b": 5}


@pytest.mark.parametrize("text", ["a=\\u12", "a=\\uXYZW", "\n\\u=1"])
def test_an_escape_that_is_none(text: str) -> None:
    with pytest.raises(PropertiesError, match="malformed") as caught:
        parse_properties(text.encode())
    assert caught.value.line == text.count("\n") + 1


def test_java_reads_the_same() -> None:
    require_java("Java's reader of properties")
    with programs.start("ReadProperties") as java:
        assert java.stdin is not None
        assert java.stdout is not None
        for text in CASES:
            java.stdin.write(json.dumps(text).encode() + b"\n")
            java.stdin.flush()
            read = json.loads(java.stdout.readline())
            # Kafka, not Java, drops a value's last blanks.
            assert {key: value.rstrip() for key, value in read.items()} == CASES[text]
        java.stdin.close()
        assert java.wait(30) == 0
