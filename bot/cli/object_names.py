"""Read which objects `casebook diagnose` is asked about: as kubectl takes them, and as Slack's `/diagnose` does."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Final

from bot.cli.arguments import PROGRAM
from bot.cli.errors import CommandError
from bot.cluster.resources import misspelt_kind, well_known
from intents.connection_questions import connection_command
from intents.places import Where
from intents.request import DiagnoseObject, ExplainText, whole_cluster
from intents.spelling import Misuse

USAGE: Final = (
    f"usage: {PROGRAM} diagnose [KIND] [NS/]NAME, {PROGRAM} diagnose cluster, or"
    f" {PROGRAM} diagnose connection [NS/]CLIENT SERVICE:PORT"
)
# A run of more would take a pipeline's time and read most of a cluster: an overview of the namespace does it better.
_MOST: Final = 50


def asked_for(arguments: argparse.Namespace, namespace: str) -> tuple[DiagnoseObject, ...] | ExplainText:
    """Return the objects to diagnose, or the question about a connection. Raise CommandError."""
    if asked := _connection(arguments):
        return ExplainText(text=asked, namespace=namespace, addressed=True)
    kind, names = arguments.kind, arguments.names
    if "/" in kind:
        found = [_object(*_split(word), arguments, namespace) for word in (kind, *names)]
    elif names:
        found = [_object(kind, name, arguments, namespace) for name in names]
    else:
        found = [_as_a_whole(arguments)]
    if len(found) > _MOST:
        raise CommandError(f"{len(found)} objects are more than {_MOST}: diagnose the namespace instead\n{USAGE}")
    return tuple(dict.fromkeys(found))


def with_namespace(request: DiagnoseObject, context: str) -> DiagnoseObject:
    """Return the question about an object in the context's namespace, if it sets one; else in all of the cluster."""
    if request.namespace or context == "default":
        return request
    return replace(request, namespace=context)


def named(request: DiagnoseObject) -> str:
    """Return a request as it is written on the command line."""
    return (
        f"{request.kind} {request.namespace}/{request.name}" if request.namespace else f"{request.kind} {request.name}"
    )


def _connection(arguments: argparse.Namespace) -> str:
    """Return the question about a connection, "" for one about an object. Raise CommandError."""
    words = [arguments.kind, *arguments.names]
    asked = connection_command(words, Where(namespace=arguments.namespace or ""))
    if isinstance(asked, Misuse):
        raise CommandError(f"{asked.says.en}\n{USAGE}")
    return asked or ""


def _object(kind: str, name: str, arguments: argparse.Namespace, namespace: str) -> DiagnoseObject:
    before, slash, last = name.rpartition("/")
    if not last or "/" in before or (slash and not before):
        raise CommandError(f'"{name}" is neither NAME nor NS/NAME\n{USAGE}')
    if before and arguments.namespace and before != arguments.namespace:
        raise CommandError(f'"{name}" is in {before}, but -n says {arguments.namespace}\n{USAGE}')
    if meant := misspelt_kind(kind):
        raise CommandError(f'unknown kind "{kind}"; did you mean "{meant}"?\n{USAGE}')
    return DiagnoseObject(kind=kind, namespace=before or namespace, name=last)


def _split(word: str) -> tuple[str, str]:
    """Read KIND/[NS/]NAME, or NS/NAME without a kind: a pod, or the workload of that name."""
    first, slash, rest = word.partition("/")
    if not slash:
        raise CommandError(f'"{word}" has no kind: write KIND/[NS/]NAME for each object\n{USAGE}')
    is_kind = well_known(first) is not None or "/" in rest
    return (first, rest) if is_kind else ("pod", word)


def _as_a_whole(arguments: argparse.Namespace) -> DiagnoseObject:
    """Return the question without a name: the whole cluster, or with -n one namespace."""
    if arguments.kind.lower() not in ("cluster", "everything"):
        raise CommandError(f"a name is missing: which {arguments.kind}?\n{USAGE}")
    return DiagnoseObject(kind="namespace", name=arguments.namespace) if arguments.namespace else whole_cluster()
