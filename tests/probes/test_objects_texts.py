"""Test the pattern search in the texts of an object."""

from typing import Any

import pytest

from bot.playground.kubernetes import SimulatedCluster
from bot.probes.objects import read as PROBE

OLD = "Cluster-wide:\n  ScaleUp:     NoActivity (ready=3)\n  ScaleDown:   NoCandidates (candidates=0)\n"
NEW = "clusterWide:\n  scaleUp:\n    status: NoActivity\n  scaleDown:\n    status: NoCandidates\n"
CAPTURE = r"(?si)scaledown:\s+(?:status: )?(?P<status>\w+)"


def config_map(**data: str) -> dict:
    return {"kind": "ConfigMap", "metadata": {"name": "status", "namespace": "infra"}, "data": data}


def args(**more: str) -> dict[str, str]:
    return {"kind": "ConfigMap", "namespace": "infra", "name": "status", "capture": CAPTURE, **more}


@pytest.mark.parametrize("text", [OLD, NEW])
async def test_a_pattern_goes_over_lines(cluster: SimulatedCluster, read: Any, text: str) -> None:
    cluster.load({"objects": [config_map(status=text)]})

    (row,) = (await read(PROBE, args=args())).rows

    assert row.values["status"] == "NoCandidates"
    assert (row.values["namespace"], row.values["name"]) == ("infra", "status")
    assert row.quote.endswith("NoCandidates")


async def test_every_match_of_every_key_or_of_one(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [config_map(b=OLD + NEW, a=OLD.replace("NoCandidates", "Other"))]})

    found = ["Other", "NoCandidates", "NoCandidates"]
    assert [row.values["status"] for row in (await read(PROBE, args=args())).rows] == found
    assert [row.values["status"] for row in (await read(PROBE, args=args(key="a"))).rows] == ["Other"]


async def test_no_match_is_a_row_of_its_own_and_no_object_is_missing(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [config_map(a="nothing")]})

    (row,) = (await read(PROBE, args=args())).rows

    assert (row.values["status"], row.quote) == ("", "")
    assert (await read(PROBE, args=args(name="other"))).missing == "ConfigMap infra/other"


async def test_secrets_in_it_stay_there(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [config_map(a="password=hunter2hunter2")]})

    (row,) = (await read(PROBE, args=args(capture="password=(?P<given>.*)"))).rows

    assert "hunter2" not in str(row)


async def test_what_may_not_be_read_and_a_bad_pattern_are_gaps(cluster: SimulatedCluster, read: Any) -> None:
    assert "RE2" in (await read(PROBE, args=args(capture="("))).gaps[0].detail
    cluster.forbid_everything()
    assert [str(gap.permission) for gap in (await read(PROBE, args=args())).gaps] == ["get on configmaps"]
