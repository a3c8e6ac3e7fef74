"""A company with many workspaces that have installed the app, for measurements of real processes."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bot.common.encryption import Encryption, new_key
from bot.store import Installation, open_store
from tests.end_to_end.company import FULL_POLICY, Office
from tests.end_to_end.workplace import GRANTED, HEARD
from tests.simulated_company import SimulatedCompany


@dataclass(frozen=True, slots=True, kw_only=True)
class Offices:
    """A running company and its offices by workspace; `directory` has the files of the workspaces."""

    company: SimulatedCompany
    offices: Mapping[str, Office]
    directory: Path
    key: str = field(default_factory=new_key)

    @property
    def teams(self) -> tuple[str, ...]:
        return tuple(self.offices)

    @property
    def variables(self) -> dict[str, str]:
        """Return the settings of a process that serves these workspaces."""
        return {
            "CASEBOOK_SLACK_API_URL": self.company.api_url,
            "CASEBOOK_SLACK_BOT_TOKEN": "",
            "CASEBOOK_SLACK_SIGNING_SECRET": self.company.signing_secret,
            "CASEBOOK_SLACK_CLIENT_ID": self.company.client_id,
            "CASEBOOK_SLACK_CLIENT_SECRET": self.company.client_secret,
            "CASEBOOK_ENCRYPTION_KEYS": self.key,
            "CASEBOOK_WORKSPACES": str(self.directory),
        }

    async def install(self, url: str, *teams: str) -> None:
        """Store the installations of some workspaces in the database at `url`, as after OAuth."""
        encryption, now = Encryption([self.key]), datetime.now(UTC)
        async with open_store(url) as store:
            for team in teams:
                identity = self.company.workspaces[team].state.identity
                about = {"user": identity.bot_user_id, "bot_id": identity.bot_id, "app_id": identity.app_id}
                installation = Installation(
                    id=team,
                    name=identity.domain,
                    is_org=False,
                    identity={**about, "url": "", "scopes": sorted(GRANTED)},
                    tokens=encryption.encrypt(team, {"bot": identity.bot_token, "refresh": ""}),
                    installed=now,
                    changed=now,
                )
                await store.installations.save(installation)


_LETTERS: Final = "ABCDEFGHJK"


@asynccontextmanager
async def offices_of(directory: Path, count: int, *, retry_pauses: tuple[float, ...] = ()) -> AsyncIterator[Offices]:
    """Run a company with `count` workspaces, each with a person and a channel, which may see every cluster."""
    company = SimulatedCompany(scopes=GRANTED)
    offices = {}
    for number in range(count):
        team = f"T0{''.join(_LETTERS[int(digit)] for digit in f'{number:04}')}{secrets.token_hex(2).upper()}"
        slack = company.add(team, paced=False, answer_within=3.0, events=HEARD, retry_pauses=retry_pauses)
        # As in Slack, a person has an id of her own in each workspace.
        user = slack.add_user("alex", id=f"U0ALEX{number}")
        offices[team] = Office(slack=slack, user=user, channel=slack.add_channel("general", id=f"C0GENERAL{number}"))
    files = directory / "workspaces"
    (files / "default").mkdir(parents=True)
    (files / "default" / "policy.yaml").write_text(FULL_POLICY, encoding="utf-8")
    await company.start()
    try:
        yield Offices(company=company, offices=offices, directory=files)
    finally:
        await company.stop()
