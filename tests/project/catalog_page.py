"""Generate the page of all incidents: `make readme` writes it, test_catalog_page.py compares it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from intents.catalog.loader import Catalog, builtin_directory, load
from intents.catalog.schema import Incident, Remediation, Rule
from intents.catalog.signatures import Signature
from intents.domain import FindingOutcome

# The number of signatures shown before the fold.
_SHOWN = 4

PAGE = builtin_directory().parent / "README.md"

_HEAD = """\
# Every incident Casebook knows

Generated from [`data/`](data) by `make readme`. `casebook show ID` prints the rest: root cause, impact, runbook, links.

- **Recognised by**: `<name>` captures, `<_>` skips, `a … b` are phrases in any order, *italics* only add to another.
- **Proven by**: ● confirms, ○ supports, ✗ refutes, · informs, ↗ points to the upstream incident; then the strongest
  possible verdict.
- **Buttons** in *italics* ask for a value first.
"""


def page(catalog: Catalog) -> str:
    areas: dict[str, list[Incident]] = {}
    for incident in catalog:
        areas.setdefault(_file(catalog, incident).parent.name, []).append(incident)
    return "\n".join([_HEAD, *(line for area in sorted(areas) for line in _area(area, areas[area]))])


def _file(catalog: Catalog, incident: Incident) -> Path:
    return catalog.sources[incident.id].path


def _area(area: str, incidents: Iterable[Incident]) -> Iterator[str]:
    yield f"## {area}\n"
    yield "| id | recognised by | proven by | buttons |"
    yield "|---|---|---|---|"
    for incident in incidents:
        cells = (
            [f"[`{incident.id}`](data/{area}/{incident.id}.yaml)", incident.title.en],
            list(_signatures(incident)),
            [*(_rule(rule, incident) for rule in incident.evidence), f"at most **{incident.strongest}**"],
            [_button(each) for each in incident.remediations] or ["by hand"],
        )
        yield f"| {' | '.join('<br>'.join(cell) for cell in cells)} |"
    yield ""


def _signatures(incident: Incident) -> Iterator[str]:
    shown = [_signature(each) for each in incident.signatures]
    yield from shown[:_SHOWN]
    if rest := shown[_SHOWN:]:
        yield f"<details><summary>and {len(rest)} more</summary>{'<br>'.join(rest)}</details>"


def _signature(signature: Signature) -> str:
    shown = " … ".join("/".join(map(_code, group)) for group in signature.groups)
    return f"*{shown}*" if signature.hint else shown


def _rule(rule: Rule, incident: Incident) -> str:
    refutes = rule.finds is FindingOutcome.REFUTES or (
        rule.otherwise and rule.otherwise.verdict is FindingOutcome.REFUTES
    )
    supports = "●" if rule.decisive else "○"
    signs = f"{supports if rule.finds is FindingOutcome.SUPPORTS else ''}{'✗' if refutes else ''}" or "·"
    upstream = "".join(f" ↗ `{cause.incident}`" for cause in incident.causes if rule.id in cause.only_if)
    return f"{signs} **{rule.id}**{upstream}: {_prose(rule.says.en)}"


def _button(remediation: Remediation) -> str:
    shown = f"`{remediation.action}`"
    return f"*{shown}*" if remediation.asks else shown


def _prose(text: str) -> str:
    for sign in "\\`*_<|":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


def _code(text: str) -> str:
    escaped = text.replace("|", "\\|")
    return f"`` {escaped} ``" if "`" in text else f"`{escaped}`"


def write() -> None:
    PAGE.write_text(page(load((builtin_directory(),)).catalog), "utf-8")
