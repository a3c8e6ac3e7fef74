"""Generate orders of button presses and changes by others: only previewed objects are written to.

One running app plays all generated stories, each with its own channels and objects.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.diagnosing import engine_for
from intents.catalog.loader import load
from tests.end_to_end import own_entries
from tests.end_to_end.own_entries import OwnEntry
from tests.end_to_end.stories import Story
from tests.end_to_end.workplace import Broken, Workplace, workplace
from tests.meddling import Meddle, Meddling, Others, meddles

Json = dict[str, Any]

# This many stories take some seconds; set the variable for a longer run.
_STORIES: Final = int(os.environ.get("ANY_ORDER_STORIES", "24"))


def jammed_pod() -> OwnEntry:
    """Return a pod that its remedy deletes so that its controller recreates it."""
    labels = {"app": "mill"}
    spec = {"containers": [{"name": "app", "image": "mill:1"}]}
    controller = {
        "kind": "ReplicaSet",
        "metadata": {"namespace": "yard", "name": "mill"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }
    owners = [{"kind": "ReplicaSet", "name": "mill", "controller": True}]
    pod = {
        "kind": "Pod",
        "metadata": {"namespace": "yard", "name": "mill-1", "labels": labels, "ownerReferences": owners},
        "spec": spec,
        "status": {"phase": "Pending", "reason": "Jammed"},
    }
    path = "/api/v1/namespaces/yard/pods/mill-1"
    text = "pod yard/mill-1 is jammed solid"
    return OwnEntry(
        broken=Broken(incident="stuck", world={"objects": [controller, pod]}, text=text),
        names=("yard",),
        steps=(("DELETE", path),),
        looks=path,
        ends=own_entries.FIXED,
    )


_STUCK: Final[Json] = {
    "id": "stuck", "status": "stable", "strongest": "confirmed", "severity": "warning",
    "title": {"en": "It is stuck", "zh": "卡住了"}, "about": ["pod"],
    "signatures": ["pod <namespace>/<pod> is jammed solid"],
    "reads": {"pods": {"probe": "objects", "args": {"kind": "Pod", "fields": {"why": "status.reason"}}}},
    "evidence": [{
        "id": "seen", "each": "pods", "when": 'row.why == "Jammed"', "need": "any", "decisive": True,
        "says": {"en": "{row.name} is jammed", "zh": "{row.name} 卡住"},
        "otherwise": {"verdict": "refutes", "says": {"en": "nothing is jammed", "zh": "没有卡住"}},
    }],
    "root_cause": {"en": "Sand", "zh": "沙子"}, "impact": {"en": "It stands still", "zh": "停顿"},
    "runbook": [{"says": {"en": "Clean it", "zh": "清理"}}],
    "remediations": [{
        "id": "remedy", "action": "restart-pod", "title": {"en": "Mend it", "zh": "修复"}, "rows_of": "seen",
        "only_if": ["seen"], "target": {"kind": "Pod", "namespace": "{row.namespace}", "name": "{row.name}"},
    }],
    "examples": {
        "match": [f"{at}pod yard/mill-1 is jammed solid" for at in ("", "see: ", "alert: ")],
        "other": ["all is well", "nothing to be seen"],
    },
}  # fmt: skip

KINDS: Final[Mapping[str, OwnEntry]] = {
    "one patch": own_entries.asleep_deployment(), "one delete": jammed_pod(), "three writes": own_entries.spoiled_pod()
}  # fmt: skip


# --- stories ---

Act = tuple[Callable[..., Any], str, Meddle | None]
_TWO: Final = st.sampled_from(["alex", "bo"])
_ALL: Final = st.sampled_from(["alex", "bo", "a guest"])
_SOMETIMES: Final = st.none() | meddles()
ACTS: Final[st.SearchStrategy[Act]] = st.one_of(
    st.tuples(st.just(Story.submits), _TWO, _SOMETIMES),
    st.tuples(st.just(Story.meddles), st.just(""), meddles()),
    st.tuples(st.just(Story.presses), _ALL, _SOMETIMES),
    st.tuples(st.just(Story.submits), _TWO, meddles(Meddling.STATUS) | st.none()),
    st.tuples(st.sampled_from([Story.submit_both, Story.presses_undo, Story.submits_an_older_one]), _TWO, _SOMETIMES),
    st.tuples(
        st.sampled_from([
            Story.submits_that_of_another, Story.sends_again, Story.presses_and_submits_the_one_before, Story.closes
        ]),
        _ALL, _SOMETIMES,
    ),
    st.tuples(st.sampled_from([Story.time_passes, Story.asks]), st.just("alex"), st.none()),
)  # fmt: skip


@dataclass(slots=True, kw_only=True, repr=False)
class StoryRunner:
    """The running app, which plays stories one after another."""

    loop: asyncio.Runner
    at: Workplace
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    wrote: Counter[str] = field(default_factory=Counter)

    def play(self, kind: str, acts: Sequence[Act]) -> None:
        self.loop.run(self._play(kind, acts))

    async def _play(self, kind: str, acts: Sequence[Act]) -> None:
        own, number, at = KINDS[kind], next(self.numbers), self.at
        pattern = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, own.names))})(?![\w-])")
        paths = [re.sub(r"/eviction$", "", path) for _, path in own.steps]
        world, text, here = json.loads(
            pattern.sub(rf"\1-{number}", json.dumps([own.broken.world, own.broken.text, paths]))
        )
        at.cluster.load(world)
        story = Story(at=at, paths=here, text=text, name=f"story-{number}", others=Others(at.cluster))
        try:
            await story.asks()
            assert story.offered, "its button is offered"
            for act, who, meddle in acts:
                await act(story, who, meddle)
            await story.each_plan_was_claimed_once()
        finally:
            for user in (at.alex, at.bo, at.guest):
                await story.closes({at.alex: "alex", at.bo: "bo", at.guest: "a guest"}[user])
            at.cluster.requests.clear()
            at.slack.calls.clear()
        self.wrote[kind] += len(story.written)


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoryRunner]:
    catalog: Path = own_entries.catalog(tmp_path_factory.mktemp("catalog"))
    (catalog / "stuck.json").with_suffix(".yaml").write_text(json.dumps(_STUCK), encoding="utf-8")
    loaded = load((catalog,))
    assert not loaded.problems
    with asyncio.Runner() as loop:
        ready: asyncio.Future[Workplace] = loop.get_loop().create_future()
        over = asyncio.Event()

        async def work() -> None:
            async with workplace(tmp_path_factory.mktemp("data"), engine_for(loaded.catalog)) as at:
                ready.set_result(at)
                await over.wait()

        async def begin() -> tuple[asyncio.Task[None], Workplace]:
            task = asyncio.create_task(work())
            both: set[asyncio.Future[Any]] = {task, ready}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
            return task, await ready

        async def end() -> None:
            over.set()
            await task

        task, at = loop.run(begin())
        yield StoryRunner(loop=loop, at=at)
        loop.run(end())


@pytest.mark.timeout(1_800)
# Other threads draw random numbers meanwhile, which hypothesis attributes to the strategies.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning")
@given(kind=st.sampled_from(sorted(KINDS)), acts=st.lists(ACTS, min_size=2, max_size=6))
@settings(
    max_examples=_STORIES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)
def test_any_order_writes_only_previewed_changes_once_and_reports_each(
    runner: StoryRunner, kind: str, acts: list[Act]
) -> None:
    runner.play(kind, acts)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_unchanged_object_is_written(runner: StoryRunner, kind: str) -> None:
    before = runner.wrote[kind]
    churn = (Story.meddles, "", Meddle(what=Meddling.STATUS))
    runner.play(kind, [churn, (Story.presses, "bo", None), churn, (Story.submits, "bo", None)])
    assert runner.wrote[kind] - before == len(KINDS[kind].steps)


@pytest.mark.parametrize("kind", ["one delete", "one patch"])
def test_earlier_modal_is_held_to_its_own_preview(runner: StoryRunner, kind: str) -> None:
    labelled = Meddle(what=Meddling.LABEL)
    runner.play(kind, [(Story.presses, "bo", None), (Story.presses_and_submits_the_one_before, "bo", labelled)])


@pytest.mark.parametrize("what", [Meddling.LABEL, Meddling.REPLACED])
@pytest.mark.parametrize("kind", ["one delete", "one patch"])
def test_object_changed_just_before_the_write_is_not_written(runner: StoryRunner, kind: str, what: Meddling) -> None:
    before = runner.wrote[kind]
    runner.play(kind, [(Story.submits, "alex", Meddle(what=what))])
    assert runner.wrote[kind] == before


@pytest.mark.parametrize("kind", ["one delete", "one patch"])
def test_of_two_concurrent_confirmations_one_writes(runner: StoryRunner, kind: str) -> None:
    before = runner.wrote[kind]
    runner.play(kind, [(Story.presses, "alex", None), (Story.presses, "bo", None), (Story.submit_both, "", None)])
    assert runner.wrote[kind] - before == 1


@pytest.mark.parametrize(
    "acts",
    [
        [(Story.presses, "alex", None), (Story.submits_that_of_another, "bo", None)],
        [(Story.presses, "bo", None), (Story.presses, "bo", None), (Story.submits_an_older_one, "bo", None)],
    ],
    ids=["somebody else's", "an older one"],
)
def test_only_the_users_current_modal_is_accepted(runner: StoryRunner, acts: list[Act]) -> None:
    before = runner.wrote.total()
    runner.play("one patch", acts)
    assert runner.wrote.total() == before
