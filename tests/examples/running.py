"""An example, run as its user would run it, and what the documentation shows of that."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
DOCS = Path(__file__).parents[2] / "docs"


async def output(name: str, *arguments: str) -> list[str]:
    """The lines it prints; a warning or anything left open makes it fail."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        str(EXAMPLES / name),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, err.decode()
    assert b"Traceback" not in err, err.decode()
    return out.decode().splitlines()


def shown(page: str, begin: str) -> re.Pattern[str]:
    """What a page of the documentation shows of an output, from its first words on.

    A line that is `...` stands for any lines, ` ...` at the end of one for its rest.
    """
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```text\n(.*?\n)```", text, re.DOTALL)
    (block,) = (block for block in blocks if block.startswith(begin))
    pattern = ""
    for line in block.splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)+?"
        elif line.endswith(" ..."):
            pattern += re.escape(line.removesuffix("...")) + r".+\n"
        else:
            pattern += re.escape(line) + r"\n"
    return re.compile(pattern)
