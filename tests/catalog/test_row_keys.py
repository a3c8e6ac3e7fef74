"""Every row key that a probe declares is used by an entry of the catalog."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.probes.registry import declarations
from intents.catalog.key_uses import key_uses
from intents.catalog.schema import Incident, Read
from intents.domain import ProbeDeclaration
from tests.catalog.conftest import CATALOG

# They say which object a row is about: what a probe's sentences name, or intents.focus asks about.
IDENTITY = frozenset({"kind", "namespace", "name", "pod"})

# A group of keys that are filled together: those of every row, or those of one value of an argument.
Group = tuple[str, str, str]


def groups(declaration: ProbeDeclaration) -> Iterator[tuple[Group, Mapping[str, object]]]:
    yield (declaration.name, "", ""), declaration.rows
    for name, argument in declaration.args.items():
        for value, keys in argument.fills.items():
            yield (declaration.name, name, value), keys


def groups_of(read: Read, declaration: ProbeDeclaration) -> set[Group]:
    """Return the groups that a read fills."""
    filled = declaration.keys(read.args)
    return {group for group, keys in groups(declaration) if keys.keys() <= filled.keys()}


def used(incident: Incident) -> Iterator[tuple[Group, str]]:
    known = declarations()
    for use in key_uses(incident):
        for read in [incident.reads[use.read]] if use.read else incident.reads.values():
            for group in groups_of(read, known[read.probe]):
                yield group, use.key


def test_no_row_key_is_declared_that_nothing_uses() -> None:
    uses = {each for incident in CATALOG for each in used(incident)}
    identified = {(group, key) for group, _ in uses for key in IDENTITY}
    declared = {
        (group, key) for declaration in declarations().values() for group, keys in groups(declaration) for key in keys
    }

    assert sorted(declared - uses - identified) == []


def test_there_are_few_probes_each_named_by_what_it_reads() -> None:
    """The first 36 entries need 28; further ones share what reads a family of resources."""
    assert len(declarations()) <= 28 + max(len(CATALOG) - 36, 0) / 3 + 4
