"""Run processes that die by SIGKILL with jobs in flight: one per line on stdin, the arguments of `die` as JSON.

They are forked from one process that has already imported everything. It prints how each one ended.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from bot.jobs import Jobs
from bot.store import open_store
from intents.domain import Json
from tests.jobs.world import World, report
from tests.waiting import until


async def die(url: str, jobs_url: str, directory: str, executor: str, version: str) -> None:
    async with open_store(url) as store:
        world = World(Path(directory), store, dies=True)
        jobs = Jobs(url=jobs_url, executor=executor, version=version, workflows=world.workflows)
        await jobs.launch()
        await jobs.start("answer", "in-step", {"dies": "in a step"})
        await jobs.start("answer", "after-effect", {"dies": "after the effect"})
        await jobs.start("stumble", "stumbled", {"dies": "in a step"})
        await jobs.start("answer", "finished", {})
        await until(lambda: world.reached.total() == 3 and bool(world.seen("posts")["finished:FINISHED"]))
        await until(lambda: jobs.running == 3)
        # Recorded but not started: this task has not yielded to the loop.
        await jobs.start("answer", "just-started", {})
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    for line in sys.stdin:
        arguments: Json = json.loads(line)
        child = os.fork()
        if child == 0:
            asyncio.run(die(**arguments))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(report(status) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
