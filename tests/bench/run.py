"""`make bench`: print measurements. Nothing here passes or fails.

run.py [matching] [diagnosing] [overview] [slack] [hold] [cost] [workspaces]
"""

from __future__ import annotations

import asyncio
import sys

from rich.console import Console

from tests.bench import matching


def main() -> None:
    console = Console(width=140)
    wanted = sys.argv[1:] or ["matching", "diagnosing", "overview", "slack", "hold", "cost", "workspaces"]
    if "matching" in wanted:
        matching.show(console)
    if "diagnosing" in wanted:
        # Imported late, because it needs the Kubernetes client and matching does not.
        from tests.bench import diagnosing  # noqa: PLC0415

        asyncio.run(diagnosing.run(console))
    if "overview" in wanted:
        from tests.bench import overview  # noqa: PLC0415

        asyncio.run(overview.run(console))
    if "slack" in wanted:
        from tests.bench import slack  # noqa: PLC0415

        asyncio.run(slack.run(console))
    if "hold" in wanted:
        from tests.bench import hold  # noqa: PLC0415

        asyncio.run(hold.run(console))
    if "cost" in wanted:
        from tests.bench import cost  # noqa: PLC0415

        asyncio.run(cost.run(console))
    if "workspaces" in wanted:
        from tests.bench import many_workspaces, workspace_kills  # noqa: PLC0415

        asyncio.run(many_workspaces.run(console))
        asyncio.run(workspace_kills.run(console))


if __name__ == "__main__":
    main()
