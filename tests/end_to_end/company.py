"""Run the app in several workspaces of a simulated company, which install it as people do in a browser."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from bot.app import RunningApp, RuntimeOptions, running
from bot.cli.rehearsal import stage
from bot.cluster.clusters import Clusters
from bot.common.encryption import new_key
from bot.diagnosing import Engine
from bot.playground.kubernetes import SimulatedCluster
from bot.playground.slack import SimulatedSlack
from bot.policy import Policy
from bot.settings import Settings
from bot.workflows.services import Configuration
from tests.databases import lay_out
from tests.end_to_end.workplace import GRANTED, HASTY, HEARD, UNPACED, Clock, is_final
from tests.simulated_company import SimulatedCompany

# Workspaces that install the app by themselves, and an organisation with two that installs it once.
ONE, OTHER = "T0ONE00000", "T0OTHER000"
ORG = "E0ORG00000"
WEST, EAST = "T0WEST0000", "T0EAST0000"

FULL_POLICY = """\
remediation: [{clusters: ["*"], namespaces: ["*"], cluster_scoped: true}]
acting: [{clusters: ["*"], namespaces: ["*"], cluster_scoped: true, users: ["*"], actions: ["*"]}]
curators: ["*"]
operators: ["*"]
"""


@dataclass(slots=True, kw_only=True)
class Office:
    """A workspace with a person and a channel."""

    slack: SimulatedSlack
    user: str
    channel: str

    async def paste(self, text: str, channel: str = "") -> str:
        """Post a text and return its ts."""
        return await self.slack.say(self.user, channel or self.channel, text)

    def answers(self, ts: str, channel: str = "") -> list[dict[str, Any]]:
        said = self.slack.messages(channel or self.channel, thread_ts=ts)
        return [each for each in said if each.get("bot_id") == self.slack.bot_id]

    async def answer(self, ts: str, channel: str = "") -> dict[str, Any]:
        """Wait for the final answer to a message."""
        found = await self.slack.wait_for(lambda: [one for one in self.answers(ts, channel) if is_final(one)])
        return found[0]


@dataclass(slots=True, kw_only=True)
class Company:
    """Slack with its workspaces, one cluster, and the settings of the app."""

    slack: SimulatedCompany
    cluster: SimulatedCluster
    kubeconfig: Path
    engine: Engine
    settings: Settings
    clock: Clock
    offices: Mapping[str, Office]

    @asynccontextmanager
    async def serving(self, **changed: Any) -> AsyncIterator[RunningApp]:
        """Serve, with changed settings."""
        settings = self.settings.model_copy(update=changed)
        options = RuntimeOptions(
            clock=self.clock, verify_pace=HASTY, verify_within=0.2, looks=(0.0, 0.02), slack_limits=UNPACED, beat_s=0.1
        )
        async with running(
            settings,
            Configuration(engine=self.engine, policy=Policy.default()),
            clusters=Clusters.of(settings, kubeconfig=self.kubeconfig),
            options=options,
        ) as app:
            self.slack.deliver_to(f"{app.url}/slack/events")
            try:
                yield app
            finally:
                for office in self.offices.values():
                    await office.slack.sender.close()
                    office.slack.serve_at(office.slack.url)

    async def install(self, app: RunningApp, team: str) -> tuple[int, str]:
        """Install the app as a person does in a browser; return the status and text of the last page."""
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as browser:
            location, cookie = await begun(browser, app)
            query = self.slack.allow(location, team=team)
            return await ended(browser, app, query, cookie=cookie)

    def files_of(self, workspace: str) -> Path:
        """Return the directory with the files of a workspace."""
        assert self.settings.workspaces is not None
        directory = self.settings.workspaces / workspace
        directory.mkdir(exist_ok=True)
        return directory


async def begun(browser: aiohttp.ClientSession, app: RunningApp) -> tuple[str, str]:
    """Begin an installation; return the address at Slack and the cookie."""
    async with browser.get(f"{app.url}/slack/install", allow_redirects=False) as page:
        assert page.status == 302
        return page.headers["Location"], page.headers["Set-Cookie"].partition(";")[0]


async def ended(browser: aiohttp.ClientSession, app: RunningApp, query: str, *, cookie: str = "") -> tuple[int, str]:
    """Follow Slack's redirect back; return the status and the page."""
    url = URL(f"{app.url}/slack/oauth_redirect?{query}", encoded=True)
    async with browser.get(url, headers={"Cookie": cookie} if cookie else {}) as page:
        return page.status, await page.text()


@asynccontextmanager
async def company(
    tmp_path: Path, engine: Engine, *worlds: Mapping[str, Any], rotates: bool = False, **options: Any
) -> AsyncIterator[Company]:
    """Run a company whose workspaces have not installed the app; all but their organisation may see everything."""
    async with AsyncExitStack() as stack:
        cluster = stage(*worlds)
        await cluster.start()
        stack.push_async_callback(cluster.stop)
        clock = Clock()
        slack = SimulatedCompany(rotates=rotates, scopes=GRANTED)
        for team, enterprise in ((ONE, ""), (OTHER, ""), (WEST, ORG), (EAST, ORG)):
            slack.add(team, enterprise=enterprise, paced=False, events=HEARD)
        await slack.start()
        stack.push_async_callback(slack.stop)
        offices = {}
        for number, (team, each) in enumerate(slack.workspaces.items()):
            # Within an organisation ids differ; among organisations they are the same here.
            suffix = "" if not each.state.identity.enterprise_id else f"{number}"
            user = each.add_user("alex", id=f"U0ALEX{suffix}")
            offices[team] = Office(slack=each, user=user, channel=each.add_channel("general", id=f"C0GENERAL{suffix}"))
        directory = tmp_path / "workspaces"
        directory.mkdir()
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(json.dumps(cluster.kubeconfig()), encoding="utf-8")
        settings = Settings.model_validate(
            {
                "slack_client_id": slack.client_id,
                "slack_client_secret": slack.client_secret,
                "slack_signing_secret": slack.signing_secret,
                "slack_api_url": slack.api_url,
                "encryption_keys": new_key(),
                "workspaces": directory,
                "listen": "127.0.0.1:0",
                "data": tmp_path / "data",
                "replica": "test",
                "prometheus_url": cluster.prometheus.url,
                **options,
            }
        )
        lay_out(settings.data)
        found = Company(
            slack=slack, cluster=cluster, kubeconfig=kubeconfig, engine=engine, settings=settings, clock=clock,
            offices=offices,
        )  # fmt: skip
        for workspace in (ONE, OTHER, ORG):
            (found.files_of(workspace) / "policy.yaml").write_text(FULL_POLICY, encoding="utf-8")
        yield found
