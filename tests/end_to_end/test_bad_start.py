"""Start the real command with a broken cluster. Errors that prevent a start are in tests/command_line."""

from __future__ import annotations

import json
import re

from tests.databases import lay_out
from tests.end_to_end.process import premises
from tests.waiting import until


async def test_start_with_an_unusable_cluster_serves_and_names_it(tmp_path):
    # Bolt also reads this variable; users who follow Slack's documentation set it.
    async with premises(tmp_path, CASEBOOK_CONTEXTS="simulated,second", SLACK_BOT_TOKEN="xoxb-of-bolt") as at:
        config = at.cluster.kubeconfig()
        config["contexts"].append({"name": "second", "context": {"cluster": "second", "user": "casebook"}})
        config["clusters"].append({"name": "second", "cluster": {"server": "http://127.0.0.1:9"}})
        (tmp_path / "kubeconfig").write_text(json.dumps(config), encoding="utf-8")

        lay_out(at.data)
        serving = await at.start(forked=False)
        await until(lambda: any("cannot be used" in line for line in serving.said))
        begun, told = serving.said
        (count,) = re.findall(r"\((\d+) incidents", begun)
        assert begun == (
            f"casebook: serving simulated over HTTP at {serving.url} ({count} incidents, clusters: simulated, second)\n"
        )
        assert told == (
            "casebook: cluster second cannot be used for now: "
            f'context "second": http://127.0.0.1:9: connection refused; check the server of cluster "second" in '
            f"{tmp_path / 'kubeconfig'}, or your VPN\n"
        )
        assert await serving.readiness() == (200, {})

        assert await serving.stop() == 0
