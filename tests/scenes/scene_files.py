"""Read scenes: a cluster's state, three ways to ask about it, and the fact that the answer must lead with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from intents.request import DiagnoseObject, ExplainText, Request

DIRECTORY: Final = Path(__file__).parent
# An object, a pasted line, a question in words.
WAYS: Final = ("object", "line", "words")

# What is true of a broken object beside its cause: an answer that says only this lacks the fact, but is not wrong.
SYMPTOMS: Final = {
    "crash": r"exit(ed|s)?\b.*\bcode|keeps (failing|crashing|restarting)|crash.?loop|back-?off|restart|terminated",
    "unready": r"not ready|readiness|no ready|unavailable|liveness",
    "no endpoints": r"no (ready )?(endpoints?|pods?)|selects no|nothing behind|0 endpoints",
    "refused": r"refused|cannot connect|unreachable|not reach|does not answer|not accept",
    "timeout": r"timed? ?out|deadline exceeded",
    "unresolved": r"not resolve|no such host|ENOTFOUND|name resolution|DNS|name.*(unknown|not known|does not exist)",
    "repeats": r"repeat|times in|keeps (logging|failing)",
    "job": r"job .*fail|backoff ?limit|pod.*failed",
    "pending": r"pending|unschedulable|not (be )?scheduled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """The fact that an answer must lead with.

    One of `any` must be in the headline or the first proof, none of `wrong` may be. `at` is the object that must be the
    subject or be named. `also` are statements that are true of the scene without being the fact. A scene that is
    `healthy` accuses nothing.
    """

    any: tuple[re.Pattern[str], ...]
    wrong: tuple[re.Pattern[str], ...]
    also: tuple[re.Pattern[str], ...]
    at: tuple[str, ...]
    healthy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A scene: its name, the suite that has its idea, the world, the requests by way, and what is expected.

    `open` are the ways of asking that are not answered right yet.
    """

    name: str
    source: str
    world: dict[str, Any]
    asks: dict[str, Request]
    expect: Expectation
    open: frozenset[str] = frozenset()


def scenes() -> tuple[Scene, ...]:
    """Read the scenes of every YAML file beside this module."""
    files = sorted(DIRECTORY.glob("*.yaml"))
    return tuple(_scene(each) for file in files for each in yaml.safe_load(file.read_text(encoding="utf-8")))


def _scene(written: dict[str, Any]) -> Scene:
    asks, expect = written["asks"], written["expect"]
    kind, *namespace, name = asks["object"].split("/")
    requests: dict[str, Request] = {
        "object": DiagnoseObject(kind=kind, namespace="".join(namespace), name=name),
        "line": ExplainText(text=asks["line"], addressed=True, namespace=asks.get("namespace", "")),
        "words": ExplainText(text=asks["words"], addressed=True),
    }
    at = expect.get("at", ())
    return Scene(
        name=written["name"],
        source=written["source"],
        world=written["given"],
        asks=requests,
        expect=Expectation(
            any=_patterns(expect.get("any", ())),
            wrong=_patterns(expect.get("wrong", ())),
            also=_patterns(SYMPTOMS.get(each, each) for each in expect.get("also", ())),
            at=(at,) if isinstance(at, str) else tuple(at),
            healthy=expect.get("healthy", False),
        ),
        open=frozenset(written.get("open", ())),
    )


def _patterns(written: Any) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(each, re.IGNORECASE | re.DOTALL) for each in written)
