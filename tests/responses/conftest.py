"""A diagnosis to render, and a page as text."""

from collections.abc import Callable
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console, RenderableType

from intents.domain import (
    Diagnosis,
    Focus,
    Gap,
    GapReason,
    Link,
    ObjectRef,
    Observation,
    Remedy,
    Step,
    Text,
    Verdict,
)
from tests.responses.by_hand import LEASES, POD, REFUTES, SUPPORTS, UNREAD, judged


@pytest.fixture
def diagnosis() -> Diagnosis:
    first = judged("image-pull-failed", Verdict.CONFIRMED, SUPPORTS, UNREAD)
    told = replace(
        first,
        remedies=(
            Remedy(
                id="undo",
                action="rollout-undo",
                title=Text(en="Go back to the revision before", zh="回滚到上一版本"),
                target=ObjectRef(kind="Deployment", namespace="shop", name="api"),
                risk="disruptive",
                warning=Text(en="Pods are replaced.", zh="Pod 会被替换。"),
            ),
        ),
        runbook=(Step(says=Text(en="Look at the tag.", zh="查看标签。"), run="skopeo list-tags docker://shop/api"),),
        links=(Link(title="Images", url="https://kubernetes.io/docs/concepts/containers/images/"),),
    )
    return Diagnosis(
        focus=Focus(kind="Pod", namespace="shop", name="api-0"),
        cluster="prod",
        owners=(
            ObjectRef(kind="ReplicaSet", namespace="shop", name="api-7d9f"),
            ObjectRef(kind="Deployment", namespace="shop", name="api"),
        ),
        hypotheses=(
            told,
            judged("probe-fails", Verdict.LIKELY, SUPPORTS, effect_of="image-pull-failed"),
            judged("quota-exceeded", Verdict.RULED_OUT, REFUTES),
        ),
        gaps=(LEASES, Gap(what="the log of api-0", reason=GapReason.TIMED_OUT, detail="no answer in time")),
        unexplained=(Observation(subject=POD, quote="Liveness probe failed"),),
        api_calls=7,
    )


@pytest.fixture
def written() -> Callable[..., str]:
    """Return a function that writes a page as plain text of a given width."""

    def write(page: RenderableType, *, width: int = 100) -> str:
        console = Console(file=StringIO(), width=width, markup=False, highlight=False, emoji=False)
        with console.capture() as captured:
            console.print(page, crop=False)
        return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"

    return write
