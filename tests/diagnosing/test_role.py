"""Test that the read-only role covers every kind that people can ask about."""

from __future__ import annotations

import pytest

from bot.cli.rehearsal import stage, staged
from bot.diagnosing import TargetNotFound, diagnose
from intents.kinds import KINDS
from intents.request import DiagnoseObject
from tests import roles
from tests.engines import remembering_engine


async def test_printed_role_covers_every_kind_that_texts_name() -> None:
    engine = remembering_engine()
    cluster = stage({"objects": [{"apiVersion": "pingcap.com/v1alpha1", "kind": "TidbCluster",
                                  "metadata": {"name": "main", "namespace": "shop"}, "spec": {}}]})  # fmt: skip
    roles.apply(cluster, "read")
    async with staged(cluster) as connection:
        for kind in KINDS.values():
            with pytest.raises(TargetNotFound):
                await diagnose(
                    DiagnoseObject(kind=kind, namespace="shop", name="gone"), engine=engine, connection=connection
                )

    assert [sent.path for sent in cluster.requests if sent.status == 403] == []
