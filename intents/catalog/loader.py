"""Load incident files into a catalog. Report every mistake with file, line and field, and load the other files.

Directories overlay each other: a later one replaces an entry by its id. If a reload finds a broken file, it keeps the
entry's last good version, so a typo never removes an entry from a running bot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from importlib import resources
from pathlib import Path
from stat import S_ISREG
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from intents.catalog.fields import Cause, Complaint, Consequence, LinkedBy
from intents.catalog.schema import Incident
from intents.catalog.word_lists import WORDS, WordListError, WordLists

if TYPE_CHECKING:
    from intents.catalog.yaml_nodes import Document

# An incident file has prose and a few trimmed objects; a larger file is a mistake, such as a dump, and slow to read.
MAX_FILE_BYTES: Final = 1024 * 1024
_NOTHING: Final[Mapping[str, Incident]] = MappingProxyType({})
_NO_LISTS: Final = WordLists()


# Yields what is wrong with an entry beyond its schema, each with the path into its file.
Check = Callable[[Incident], Iterable[Complaint]]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """One mistake in a catalog: its file, line and field, and what was expected."""

    file: str
    line: int
    field: str
    says: str

    def __str__(self) -> str:
        return ": ".join(filter(None, (f"{self.file}:{self.line}", self.field, self.says)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The file that an incident was read from. `digest` identifies its text together with the word lists it uses.

    `read` is None for a file of the program itself, which never changes: four megabytes that few starts need.
    """

    path: Path
    read: str | None = field(repr=False, compare=False)
    digest: str
    lists: WordLists = _NO_LISTS

    @property
    def text(self) -> str:
        return self.path.read_text("utf-8") if self.read is None else self.read

    @property
    def document(self) -> Document:
        return _document(self.text)

    def problem(self, path: Sequence[str | int], says: str) -> Problem:
        """Return a problem at a path into this file, e.g. ("evidence", 2, "when")."""
        line, field_name = self.document.line(path), _field_name(path)
        return Problem(file=str(self.path), line=line, field=field_name, says=says)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """The incidents by id, in the order of their ids. Immutable: a reload creates a new catalog."""

    incidents: Mapping[str, Incident]
    sources: Mapping[str, Source] = field(default_factory=dict)
    compared: frozenset[str] = field(init=False, repr=False, compare=False)
    """The entries with links by owners or calls, which hold only for certain objects."""
    _causes: dict[str, tuple[Cause, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compared", frozenset(_compared(self)))

    def __iter__(self) -> Iterator[Incident]:
        return iter(self.incidents.values())

    def __len__(self) -> int:
        return len(self.incidents)

    def get(self, incident_id: str) -> Incident | None:
        return self.incidents.get(incident_id)

    def causes_of(self, incident_id: str) -> tuple[Cause, ...]:
        """Return the causes that an entry names, and for a general one every entry that explains what it shows."""
        if incident_id not in self._causes:
            entry = self.get(incident_id)
            self._causes[incident_id] = (*entry.causes, *self._implied(entry)) if entry else ()
        return self._causes[incident_id]

    def _implied(self, general: Incident) -> Iterator[Cause]:
        """Return the entries that explain what a general one shows, and are no such general ones themselves."""
        known = {general.id, *(link.incident for link in general.causes)}
        shown = frozenset(general.shows)
        return (
            Cause(incident=other.id, linked_by=LinkedBy.OBJECT)
            for other in self
            if other.id not in known
            and other.explains
            and shown.isdisjoint(other.shows)
            and (Consequence.UNREADY in shown or not shown.isdisjoint(other.explains))
        )


def _compared(entries: Iterable[Incident]) -> Iterator[str]:
    for entry in entries:
        by = {link.linked_by for link in entry.causes}
        yield from {entry.id} if by & {LinkedBy.OWNS, LinkedBy.CALLS} else ()
        yield from (link.incident for link in entry.causes if link.linked_by is LinkedBy.CALLS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A loaded catalog, and the mistakes in its files."""

    catalog: Catalog
    problems: tuple[Problem, ...] = ()


def builtin_directory() -> Path:
    """Return the directory of the catalog that is installed with Casebook."""
    return Path(str(resources.files("intents.catalog"))) / "data"


def load(
    directories: Iterable[Path],
    *,
    last_good: Catalog | None = None,
    known: Mapping[str, Incident] = _NOTHING,
    check: Check = lambda _incident: (),
) -> Loaded:
    """Read every `*.yaml` under the directories, later ones overriding earlier ones by id.

    `known` are incidents by the digest of their text, which need no parsing. `check` yields further reasons not to use
    a user's entry. A mistake in a file is a Problem and never raises: the entry then comes from an earlier directory or
    from `last_good`, or is absent.
    """
    incidents: dict[str, Incident] = {}
    sources: dict[str, Source] = {}
    problems: list[Problem] = []
    builtin = builtin_directory()
    lists = _NO_LISTS.with_file(builtin.parent / WORDS)
    for directory in directories:
        if not directory.is_dir():
            problems += _unread(directory, 0, "no such directory")
            continue
        lists = _with_lists_of(directory, lists, problems)
        seen: dict[str, Path] = {}
        for path in sorted(_files(directory)):
            incident_id = path.stem
            read = _read(path, known, lists)
            if not isinstance(read, list) and directory != builtin:
                read = [read[1].problem(where, says) for where, says in check(read[0])] or read
            if isinstance(read, list):
                problems.extend(read)
                if last_good is not None and (kept := last_good.get(incident_id)) is not None:
                    incidents[incident_id], sources[incident_id] = kept, last_good.sources[incident_id]
                continue
            incident, source = read
            if incident.id in seen:
                problems.append(source.problem(("id",), f"{incident.id} is also defined in {seen[incident.id]}"))
                continue
            seen[incident.id] = path
            incidents[incident.id] = incident
            sources[incident.id] = source
    order = sorted(incidents)
    catalog = Catalog(
        incidents=MappingProxyType({name: incidents[name] for name in order}),
        sources=MappingProxyType({name: sources[name] for name in order}),
    )
    return Loaded(catalog=catalog, problems=tuple(sorted(problems)))


def _files(directory: Path) -> Iterator[Path]:
    """Yield the incident files, without the copies that a mounted ConfigMap has in directories that begin with `..`."""
    depth = len(directory.parts)
    for path in directory.rglob("*.yaml"):
        within = path.parts[depth:]
        if within != (WORDS,) and not any(part.startswith("..") for part in within):
            yield path


def _with_lists_of(directory: Path, lists: WordLists, problems: list[Problem]) -> WordLists:
    """Return the word lists that apply in a directory, and add mistakes in its own lists to `problems`."""
    path = directory / WORDS
    try:
        longer = lists.with_file(path)
    except WordListError as error:
        problems.append(_problem_with_list(error))
        return lists
    if longer is not lists:
        problems.extend(_problem_with_list(error) for error in longer.errors() if error.path == path)
    return longer


def _problem_with_list(error: WordListError) -> Problem:
    return Problem(file=str(error.path), line=error.line, field=error.name, says=str(error))


def _unread(path: Path, line: int, says: str) -> list[Problem]:
    return [Problem(file=str(path), line=line, field="", says=says)]


def _read(path: Path, known: Mapping[str, Incident], lists: WordLists) -> tuple[Incident, Source] | list[Problem]:
    try:
        found = path.stat()
        if not S_ISREG(found.st_mode):
            # Reading a pipe or a device may never end.
            return _unread(path, 0, "is no regular file")
        if found.st_size > MAX_FILE_BYTES:
            return _unread(path, 1, f"larger than {MAX_FILE_BYTES // 1024} KiB")
        read = path.read_bytes()
        text = read.decode()
    except OSError as error:
        return _unread(path, 0, error.strerror or "cannot be read")
    except UnicodeDecodeError as error:
        return _unread(path, 1, f"not UTF-8 at byte {error.start}")
    digest = blake2b(b"%s\0%s" % (read, lists.digest.encode()), digest_size=16).hexdigest()
    incident = known.get(digest)
    if incident is None or incident.id != path.stem:
        return _parsed(Source(path=path, read=text, digest=digest, lists=lists))
    kept = None if path.is_relative_to(builtin_directory()) else text
    return incident, Source(path=path, read=kept, digest=digest, lists=lists)


@lru_cache(maxsize=256)
def _parsed(source: Source) -> tuple[Incident, Source] | list[Problem]:
    """Return the incident of a file, or its problems. A file that has not changed is not parsed again."""
    from intents.catalog.yaml_nodes import YamlError  # noqa: PLC0415 - as below

    try:
        document = source.document
    except YamlError as error:
        return _unread(source.path, error.line, error.problem)
    if not isinstance(document.value, dict):
        return _unread(source.path, 1, "expected an incident: keys and values")
    try:
        incident = Incident.model_validate(document.value, context={"words": source.lists.words()})
    except ValidationError as error:
        return [_problem_of(source, details["loc"], details["msg"], details["type"]) for details in error.errors()]
    if incident.id != source.path.stem:
        return [source.problem(("id",), f"is {incident.id!r}, but the file is named {source.path.stem!r}")]
    return incident, source


@lru_cache(maxsize=8)
def _document(text: str) -> Document:
    """Return the document of a text; repeated calls parse it once."""
    from intents.catalog.yaml_nodes import Document  # noqa: PLC0415 - not needed where every file is known

    return Document(text)


def _problem_of(source: Source, loc: tuple[str | int, ...], message: str, kind: str) -> Problem:
    """Return pydantic's error as a problem; its location also has model types, so only keys of the file are kept."""
    value = source.document.value
    path: list[str | int] = []
    for step in loc:
        if isinstance(value, dict) and (step in value or step == loc[-1]):
            path.append(step)
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            path.append(step)
            value = value[step]
    says = "unknown key" if kind == "extra_forbidden" else message.removeprefix("Value error, ")
    return source.problem(path, says[0].lower() + says[1:])


def _field_name(path: Sequence[str | int]) -> str:
    name = ""
    for step in path:
        name += f"[{step}]" if isinstance(step, int) else f".{step}" if name else step
    return name
