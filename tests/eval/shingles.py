"""Find six words in a row that texts share because they were copied, not because the same software printed them.

    shingles.py CASES.jsonl          write dev_shingles.txt from the texts of a file
    shingles.py CASES.jsonl --shared list what the catalog shares with it, in words

The evaluation file is not in this repository, so that the catalog cannot copy from it. The repository holds a keyed
hash of six bytes for each six words in a row of its texts: enough to detect copies, and nothing else.

Words are compared without case and punctuation. Words with a digit are left out, so that another count or name hides
nothing. A Chinese word usually has two characters, so each counts half.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

from intents.catalog.loader import builtin_directory, load
from intents.catalog.schema import Incident
from intents.patterns import PLACEHOLDER
from tests.eval.cases import cases_in

HASHES: Final = Path(__file__).with_name("dev_shingles.txt")
# Fixed messages of programs: every text that quotes them shares them.
FIXED: Final = Path(__file__).with_name("fixed_output.txt")

IN_A_ROW: Final = 6.0
_WORD: Final = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]")
_KEY: Final = b"casebook"
_BYTES: Final = 6


def shingles(text: str) -> Iterator[str]:
    """Yield every run of six words, separated by spaces. A placeholder of a signature ends a run."""
    for part in PLACEHOLDER.split(text)[::2]:
        words = list(_words(part))
        for start in range(len(words)):
            weight = 0.0
            for end in range(start, len(words)):
                weight += 1.0 if words[end].isascii() else 0.5
                if weight >= IN_A_ROW:
                    yield " ".join(words[start : end + 1])
                    break


def _words(text: str) -> Iterator[str]:
    return (word for word in _WORD.findall(text.lower()) if not any(char.isdigit() for char in word))


def hashed(shingle: str) -> str:
    return blake2b(shingle.encode(), key=_KEY, digest_size=_BYTES).hexdigest()


@cache
def fixed_shingles() -> frozenset[str]:
    lines = FIXED.read_text(encoding="utf-8").splitlines()
    return frozenset(found for line in lines if not line.startswith("#") for found in shingles(line))


def texts_of(incident: Incident) -> Iterator[str]:
    """Yield the texts of an entry to compare: its signatures and all its examples."""
    for signature in incident.signatures:
        yield from signature.phrases
    yield from incident.examples.match
    yield from incident.examples.other


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--shared", action="store_true")
    args = parser.parse_args()
    theirs = {found for case in cases_in(args.cases) for found in shingles(case.text)}
    if not args.shared:
        HASHES.write_text("\n".join(sorted(map(hashed, theirs))) + "\n", encoding="utf-8")
        return
    fixed = fixed_shingles()
    for incident in load([builtin_directory()]).catalog:
        for text in texts_of(incident):
            if shared := [found for found in shingles(text) if found in theirs and found not in fixed]:
                print(f"{incident.id}: {shared}")


if __name__ == "__main__":
    main()
