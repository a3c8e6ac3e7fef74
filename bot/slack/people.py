"""Who somebody is and where something was said, as far as the policy asks: guests, strangers, shared channels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user. `unknown`: Slack did not say, so that the least is allowed: `guest` and `foreign` are true then.

    `locale` as Slack writes it ("zh-CN"), empty where it is not told.
    """

    id: str
    guest: bool = False
    foreign: bool = False
    locale: str = ""
    name: str = ""
    bot: bool = False
    unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A channel or direct message. `unknown`: Slack did not say, so that the least is allowed: `external` is true then.

    `external`: people of other companies read along, or are invited to.
    """

    id: str
    name: str = ""
    external: bool = False
    direct: bool = False
    private: bool = False
    archived: bool = False
    member: bool = False
    unknown: bool = False
