"""The work of the tests' jobs. Its effects show in a directory, as Slack's would in a channel.

Used by the tests' own process and by the driver's children, which die at the points named here.
"""

import asyncio
import json
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from bot.jobs import JobRun, StepFailed, Workflow
from bot.store import Store
from intents.domain import Json

NOW = datetime(2026, 3, 4, tzinfo=UTC)
SECRET = "xoxb-planted-secret"


class World:
    """`posts` is what outsiders see; `bodies` and `steps` are what ran, re-runs included."""

    def __init__(self, directory: Path, store: Store | None = None, *, dies: bool = False) -> None:
        self._directory = directory
        self._store = store
        self._dies = dies
        self.reached: Counter[str] = Counter()

    @property
    def workflows(self) -> dict[str, Workflow]:
        return {"answer": self.answer, "stumble": self.stumble}

    def note(self, what: str, line: str) -> None:
        with (self._directory / what).open("a") as file:
            file.write(line + "\n")

    def seen(self, what: str) -> Counter[str]:
        path = self._directory / what
        return Counter(path.read_text().split()) if path.exists() else Counter()

    async def answer(self, run: JobRun, payload: Json) -> Json | None:
        """Look something up, then post it once."""
        self.note("bodies", run.id)
        looked_up = await run.step("look-up", self._look_up, run.id, payload)
        return await run.step("post", self._post, run.id, payload, looked_up)

    async def stumble(self, run: JobRun, payload: Json) -> Json | None:
        """Run a step that fails; the body keeps the reason, waits, then reports it."""
        self.note("bodies", run.id)
        try:
            await run.step("fail", self._fail)
            known = "nothing"
        except LookupError:
            known = "LookupError"
        except StepFailed as error:
            known = f"StepFailed:{error}"
        await run.step("wait", self._point, payload, "in a step")
        self.note("posts", f"{run.id}:{known}")
        return None

    async def _look_up(self, id: str, payload: Json) -> Json:
        self.note("steps", f"{id}:look-up")
        await self._point(payload, "in a step")
        return {"found": id.upper()}

    async def _post(self, id: str, payload: Json, looked_up: Json) -> Json:
        assert self._store is not None
        sending = await self._store.outbox.begin(f"{id}:post", "C1", "", NOW)
        # Search for a post of an earlier attempt before posting again.
        if not sending.ts and not (sending.again and id in "".join(self.seen("posts"))):
            self.note("posts", f"{id}:{looked_up['found']}")
            await self._point(payload, "after the effect")
        await self._store.outbox.done(f"{id}:post", "1.1")
        return {"ts": "1.1"}

    async def _fail(self) -> Json:
        raise LookupError(SECRET)

    async def _point(self, payload: Json, here: str) -> None:
        """Stop for good at the point that the job names, in a process that is going to be killed."""
        if self._dies and payload.get("dies") == here:
            self.reached[here] += 1
            await asyncio.Event().wait()


def report(status: int) -> str:
    """Return how a child ended: the signal that killed it, or its exit code."""
    return json.dumps({"signal": os.WTERMSIG(status)} if os.WIFSIGNALED(status) else {"exit": os.WEXITSTATUS(status)})
