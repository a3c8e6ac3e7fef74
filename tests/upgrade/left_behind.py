"""Save and restore the state of a killed process: both databases, Slack's messages, the cluster's objects.

The state is recorded once by an earlier version and restored for the version under test:

    python -m tests.upgrade.record tests/upgrade/NAME.zip
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from tests.databases import JOBS, STORE
from tests.end_to_end.corners import Corner, make_corner
from tests.end_to_end.process import Premises
from tests.end_to_end.workplace import Broken

# Namespace and pod of the broken workload: each corner has its own.
NAMES: Final = ("front", "checkout-6f4d8b7c5-kz9wp")
# The corners in their order of creation: the simulated Slack numbers its ids.
CORNERS: Final = ("answered", "dialog open", "remedy under way", "pasted", "posted", "incident")
SETTINGS: Final[Mapping[str, str]] = {"CASEBOOK_INCIDENT_CHANNELS": "corner-f"}
POLICY: Final = """
remediation: [{clusters: ["*"], namespaces: ["*"]}]
acting: [{users: ["*"], clusters: ["*"], namespaces: ["*"], actions: ["*"]}]
"""

_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?")
# The job engine's times: milliseconds since 1970.
_MILLISECONDS: Final = re.compile(r"(?<![\d.])1[78]\d{11}(?![\d.])")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBehind:
    """The recorded state. `at` is its time; `messages` by channel and `views` by user are Slack's, in order."""

    at: datetime
    broken: Broken
    messages: Mapping[str, list[dict[str, Any]]]
    views: Mapping[str, list[dict[str, Any]]]
    databases: Mapping[str, str]

    @classmethod
    def of(cls, at: Premises, broken: Broken, corners: Mapping[str, Corner]) -> LeftBehind:
        """Read it from the premises of a process that has ended."""
        return cls(
            at=datetime.now(UTC),
            broken=broken,
            messages={each.channel: at.slack.messages(each.channel) for each in corners.values()},
            views={each.user: at.slack.views(each.user) for each in corners.values()},
            databases={name: _dump(at.data / name) for name in (STORE, JOBS)},
        )

    def write(self, file: Path) -> None:
        state = {
            "at": self.at.isoformat(),
            "broken": {"incident": self.broken.incident, "world": self.broken.world, "text": self.broken.text},
            "messages": self.messages,
            "views": self.views,
        }
        texts = {"state.json": json.dumps(state, ensure_ascii=False)}
        texts |= {f"{name}.sql": dump for name, dump in self.databases.items()}
        with ZipFile(file, "w", ZIP_DEFLATED) as archive:
            for name, text in texts.items():
                archive.writestr(ZipInfo(name, self.at.timetuple()[:6]), text, compress_type=ZIP_DEFLATED)

    @classmethod
    def read(cls, file: Path) -> LeftBehind:
        with ZipFile(file) as archive:
            state = json.loads(archive.read("state.json"))
            databases = {name: archive.read(f"{name}.sql").decode() for name in (STORE, JOBS)}
        return cls(
            at=datetime.fromisoformat(state["at"]),
            broken=Broken(**state["broken"]),
            messages=state["messages"],
            views=state["views"],
            databases=databases,
        )

    def lay_down(self, at: Premises) -> dict[str, Corner]:
        """Restore the state as if the process had just been killed; return the corners by name."""
        by = datetime.now(UTC) - self.at
        at.data.mkdir(parents=True)
        for name, dump in self.databases.items():
            with sqlite3.connect(at.data / name) as database:
                database.executescript(_later(dump, by))
            database.close()
        corners = make_corners(at, self.broken)
        for each in corners.values():
            at.slack.restore(each.channel, self.messages[each.channel], views={each.user: self.views[each.user]})
        return corners


def make_corners(at: Premises, broken: Broken) -> dict[str, Corner]:
    return {name: make_corner(at, broken, name=name, names=NAMES) for name in CORNERS}


def _dump(file: Path) -> str:
    with sqlite3.connect(file) as database:
        dump = "\n".join(database.iterdump())
    database.close()
    return dump


def _later(dump: str, by: timedelta) -> str:
    """Return a text with all times moved, except messages' ts, which are ids."""

    def iso(found: re.Match[str]) -> str:
        text = found.group()
        moved = datetime.fromisoformat(text) + by
        return moved.isoformat(sep=text[10], timespec="microseconds" if "." in text else "seconds")

    def milliseconds(found: re.Match[str]) -> str:
        return str(int(found.group()) + int(by.total_seconds() * 1000))

    return _MILLISECONDS.sub(milliseconds, _ISO.sub(iso, dump))
