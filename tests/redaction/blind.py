"""Read texts that were written by people who had not seen the redactor: with their secrets, or with what has to survive.

Of the first two pairs one set was used for development. The hold-outs were measured before anybody read them; the first
figures were: third 0.6 % leak and 3.4 % over-redaction, fourth 2.2 % and 2.0 %, fifth 1.6 % and 1.2 %. What the third
and fourth showed was mended since, so they now guard against regressions; the fifth is as it was measured.
§ breaks up long words in the files, so that scanners for secrets do not take them for real ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.redaction.shapes import REDACTED, TELLING_LENGTH

SETS: Final = {
    "blind": "blind_develop.jsonl",
    "blind hold-out": "blind_holdout.jsonl",
    "second blind": "blind_second_develop.jsonl",
    "second blind hold-out": "blind_second_holdout.jsonl",
    "third blind hold-out": "blind_third_holdout.jsonl",
    "fourth blind hold-out": "blind_fourth_holdout.jsonl",
    "fifth blind hold-out": "blind_fifth_holdout.jsonl",
}


@dataclass(frozen=True)
class BlindText:
    """A text with its secrets, or a harmless one with the parts that have to survive."""

    text: str
    secrets: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    def leaks(self, shown: str) -> bool:
        """Return whether a recognisable part of a secret is in the redacted text."""
        around = self.text
        for secret in sorted(self.secrets, key=len, reverse=True):
            around = around.replace(secret, "\0")
        around += REDACTED
        return any(part in shown and part not in around for secret in self.secrets for part in _parts(secret))

    def is_ruined(self, shown: str) -> bool:
        """Return whether something is missing that has to survive."""
        return any(part not in shown for part in self.kept)


def blind_texts(name: str) -> Iterator[BlindText]:
    """Yield the texts of a set."""
    for line in Path(__file__).with_name(SETS[name]).read_text(encoding="utf-8").splitlines():
        stored = json.loads(line.replace("§", ""))
        yield BlindText(stored["text"], tuple(stored.get("secrets", ())), tuple(stored.get("kept", ())))


def _parts(secret: str) -> Iterator[str]:
    length = min(TELLING_LENGTH, len(secret))
    return (secret[at : at + length] for at in range(len(secret) - length + 1))
