"""Find, read and merge kubeconfig files by kubectl's rules, and resolve a context.

Casebook parses them itself so that errors name the file and the line, the first file that sets a value wins as with
kubectl, and only the chosen context has to be valid.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.cluster.errors import Misconfigured
from intents.spelling import closest


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeconfigEntry:
    """One named cluster, user or context, with its file; relative paths start at the file's directory."""

    name: str
    value: Mapping[str, Any]
    file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedContext:
    """A context with its cluster and its user."""

    context: KubeconfigEntry
    cluster: KubeconfigEntry
    user: KubeconfigEntry

    @property
    def namespace(self) -> str:
        """Return the context's namespace, "default" if it sets none."""
        return str(self.context.value.get("namespace") or "default")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubeconfig:
    """Several kubeconfig files merged into one."""

    files: tuple[Path, ...]
    current: str
    contexts: Mapping[str, KubeconfigEntry]
    clusters: Mapping[str, KubeconfigEntry]
    users: Mapping[str, KubeconfigEntry]

    @property
    def place(self) -> str:
        """Return the names of the files."""
        return ", ".join(map(str, self.files))

    def choose(self, context: str) -> ResolvedContext:
        """Return the named context, or the current one for "". Raise Misconfigured with the closest name."""
        name = context or self.current
        if not name:
            raise Misconfigured(
                detail=f"{self.place} sets no current-context",
                remedy=f"name one with --context: {_some(self.contexts)}",
            )
        if name not in self.contexts:
            problem = f'there is no context "{name}" in {self.place}'
            origin = "" if context else " (its current-context)"
            raise Misconfigured(detail=problem + origin, remedy=_hint(name, self.contexts))
        chosen = self.contexts[name]
        cluster = self.clusters.get(str(chosen.value.get("cluster") or ""))
        if cluster is None:
            raise Misconfigured(
                detail=f'context "{name}" in {chosen.file} refers to the cluster "{chosen.value.get("cluster") or ""}",'
                " which does not exist",
                remedy=_hint(str(chosen.value.get("cluster") or ""), self.clusters),
            )
        wanted = str(chosen.value.get("user") or "")
        user = self.users.get(wanted)
        if user is None and wanted:
            raise Misconfigured(
                detail=f'context "{name}" in {chosen.file} refers to the user "{wanted}", which does not exist',
                remedy=_hint(wanted, self.users),
            )
        return ResolvedContext(
            context=chosen, cluster=cluster, user=user or KubeconfigEntry(name="", value={}, file=chosen.file)
        )


def locate(explicit: Path | None, *, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the existing kubeconfig files to read: the given one, those of KUBECONFIG, or ~/.kube/config.

    Raises Misconfigured if files were named and none exists. Returns () if none was named and ~/.kube/config is
    missing.
    """
    if explicit is not None:
        if not explicit.expanduser().is_file():
            raise Misconfigured(detail=f"the kubeconfig {explicit} does not exist", remedy="check --kubeconfig")
        return (explicit.expanduser(),)
    if named := environment.get("KUBECONFIG", ""):
        files = tuple(path for part in named.split(os.pathsep) if part and (path := Path(part).expanduser()).is_file())
        if not files:
            raise Misconfigured(detail=f"the kubeconfig {named} does not exist", remedy="check the variable KUBECONFIG")
        return files
    usual = Path(environment.get("HOME") or "~").expanduser() / ".kube" / "config"
    return (usual,) if usual.is_file() else ()


def load(files: Iterable[Path]) -> Kubeconfig:
    """Read and merge files; blocking. Raise Misconfigured with file, line and problem."""
    current = ""
    merged: dict[str, dict[str, KubeconfigEntry]] = {"contexts": {}, "clusters": {}, "users": {}}
    files = tuple(files)
    for file in files:
        document = _read(file)
        current = current or str(document.get("current-context") or "")
        for section, entries in merged.items():
            for name, value in _named(document, section, file=file):
                entries.setdefault(name, KubeconfigEntry(name=name, value=value, file=file))
    return Kubeconfig(files=files, current=current, **merged)


def _read(file: Path) -> Mapping[str, Any]:
    try:
        document = yaml.load(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except OSError as error:
        raise Misconfigured(detail=f"kubeconfig {file} cannot be read: {(error.strerror or '').lower()}") from error
    except yaml.MarkedYAMLError as error:
        line = f"{file}:{error.problem_mark.line + 1}" if error.problem_mark else str(file)
        # Not chained: the error quotes lines of the file, which contain credentials.
        raise Misconfigured(detail=f"{line}: not valid YAML: {error.problem or 'cannot be parsed'}") from None
    except (yaml.YAMLError, ValueError):
        raise Misconfigured(detail=f"{file}: not valid YAML: it contains characters that are not text") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise Misconfigured(detail=f"{file}: not a kubeconfig: a {type(document).__name__}, expected a mapping")
    return document


def _named(document: Mapping[str, Any], section: str, *, file: Path) -> Iterable[tuple[str, Mapping[str, Any]]]:
    entries = document.get(section) or []
    field = section.removesuffix("s")
    if not isinstance(entries, list):
        raise Misconfigured(detail=f"{file}: {section} is a {type(entries).__name__}, expected a list")
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise Misconfigured(detail=f"{file}: {section}[{number}] has no name")
        value = entry.get(field) or {}
        if not isinstance(value, dict):
            raise Misconfigured(detail=f'{file}: {field} of "{entry["name"]}" in {section} is not a mapping')
        yield entry["name"], value


def _hint(name: str, known: Mapping[str, KubeconfigEntry]) -> str:
    meant = closest(name, known)
    return f'did you mean "{meant}"?' if meant else _some(known)


def _some(known: Mapping[str, KubeconfigEntry], *, most: int = 8) -> str:
    names = sorted(known)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"available: {', '.join(names[:most])}{more}" if names else "none is defined"
