"""The same fault of two objects is two hypotheses of one diagnosis, each with its own evidence."""

from __future__ import annotations

from typing import Final

import pytest
import yaml

from bot.cli.rehearsal import REHEARSAL_TIME, stage, staged
from bot.diagnosing import diagnose
from bot.playground.kubernetes.scenes import expanded
from intents.domain import Diagnosis, JudgedHypothesis, Verdict
from intents.request import DiagnoseObject, ExplainText, Request
from tests.engines import remembering_engine

_MISSING: Final = 'failed to resolve reference "{0}": {0}: not found'
_IMAGE: Final = "registry.example/shop/base:9"
_OTHER: Final = "registry.example/shop/cart:4"
_TEXT: Final = f'Failed to pull image "{_IMAGE}": not found'


def _world(cart: str = _IMAGE) -> str:
    return f"""
scene:
  Deployment/shop/web: {{containers: {{app: "{_IMAGE}"}}, labels: {{tier: edge}}, pods: {{web-6d5f8c7b94-q7x2m: worker-a}}, age: 40m}}
  Deployment/shop/cart: {{containers: {{app: "{cart}"}}, labels: {{tier: edge}}, pods: {{cart-79c6b5d4f8-k2v8p: worker-a}}, age: 40m}}
  Service/shop/edge: {{ports: {{http: 80}}, selector: {{tier: edge}}}}
faults:
  Deployment/shop/web: {{pull_error: '{_MISSING.format(_IMAGE)}'}}
  Deployment/shop/cart: {{pull_error: '{_MISSING.format(cart)}'}}
"""  # noqa: E501


async def _found(request: Request, world: str) -> tuple[JudgedHypothesis, ...]:
    async with staged(stage(expanded(yaml.safe_load(world), now=REHEARSAL_TIME))) as connection:
        diagnosis: Diagnosis = await diagnose(request, engine=remembering_engine(), connection=connection)
    return tuple(one for one in diagnosis.hypotheses if one.incident == "image-pull-failed")


@pytest.mark.parametrize("cart", [_IMAGE, _OTHER])
async def test_both_pods_behind_a_service_are_told_each_with_its_own_evidence(cart: str) -> None:
    found = await _found(DiagnoseObject(kind="Service", namespace="shop", name="edge"), _world(cart))

    assert {one.subject.name.split("-")[0]: str(one.verdict) for one in found if one.subject} == {
        "web": "confirmed",
        "cart": "confirmed",
    }
    for one, other in zip(found, reversed(found), strict=True):
        assert one.subject
        assert other.subject
        told = f"{one.summary.en} {[finding.quote for finding in one.cluster_support]} {one.remedies}"
        assert one.subject.name in told
        assert other.subject.name not in told


async def test_text_that_fits_two_objects_changes_neither() -> None:
    both, one = await _found(ExplainText(text=_TEXT), _world()), await _found(ExplainText(text=_TEXT), _world(_OTHER))

    assert [each.verdict for each in both] == [Verdict.CONFIRMED] * 2
    assert [each.remedies for each in both] == [()] * 2
    assert [bool(each.remedies) for each in one] == [True]
