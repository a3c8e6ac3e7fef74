"""Write the list of the texts that set the matcher's scales: this is `make scales`.

tests/intents/test_counterexamples.py compares it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import intents
from intents.catalog.schema import Incident
from intents.scales import FILE, Counterexample, counterexamples, ordinary_shares, written_list
from intents.signature_finder import SignatureFinder
from tests.builtin import builtin_catalog

LIST: Final = Path(str(intents.__file__)).with_name(FILE)


def bundled() -> tuple[Incident, ...]:
    """Return the bundled incidents in the order in which a matcher has them."""
    return tuple(sorted(builtin_catalog().catalog, key=lambda incident: incident.id))


def found_decisive(incidents: Sequence[Incident]) -> list[Counterexample]:
    """Read every counterexample and return, in order, those that set the scale of a signature."""
    finder = SignatureFinder(incidents, scaled=False)
    found = ordinary_shares(finder.scales, counterexamples(incidents), finder.in_short_text)
    # A hint is never scaled: it is never enough by itself.
    keys = {
        one.key
        for choice, (_, one) in found.items()
        if not incidents[choice.incident].signatures[choice.signature].hint
    }
    return [one for one in counterexamples(incidents) if one.key in keys]


def main() -> None:
    LIST.write_text(written_list(found_decisive(bundled()), bundled()), encoding="utf-8")


if __name__ == "__main__":
    main()
