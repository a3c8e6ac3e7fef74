"""Limit remedies: how often the same object may be changed, and how much one user may do. Pure.

A remedy that failed three times will not help the fourth time, and one that is still being verified has not failed yet.
An undo is never limited and does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.policy import Limit, Limits
from bot.remedies.contract import Outlook, Plan, Reason
from bot.remedies.registry import words_of
from bot.store import CLAIMED, EarlierClaim
from intents.domain import Text

APPLIED: Final = "applied"
PARTLY_DONE: Final = "partly done"
# Nothing was written, so these do not count.
_UNWRITTEN: Final = frozenset(map(str, Reason)) - {str(Reason.OUTCOME_UNKNOWN)}
# Longer than any verification: an older unfinished claim was lost and blocks nobody.
_UNDER_WAY: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A remedy that is about to be applied. Remedies on a workload's pods have the workload as `subject`."""

    action: str
    subject: str
    user: str
    at: datetime

    @classmethod
    def of(cls, plan: Plan, outlook: Outlook, *, user: str, at: datetime) -> Attempt:
        if plan.undoes:
            return cls(action=plan.action, subject="", user=user, at=at)
        subject = outlook.counts_as or outlook.owner or plan.target
        return cls(action=plan.action, subject=f"{plan.cluster} {subject}", user=user, at=at)

    def since(self, limits: Limits) -> datetime:
        """Return the time from which earlier attempts count."""
        return self.at - max(timedelta(minutes=each.minutes) for each in (limits.target, limits.user))

    def held_back(self, former: Sequence[EarlierClaim], limits: Limits) -> Text | None:
        """Return why the remedy is blocked now; `former` are the claims `since` then, newest first."""
        if not self.subject:
            return None
        written = [each for each in former if each.subject and each.state not in _UNWRITTEN]
        same = [each for each in written if each.subject == self.subject]
        for each in same:
            if self.at - each.when < _UNDER_WAY and self._waits_for(each):
                ago = round((self.at - each.when).total_seconds())
                return _under_way(each, seconds=ago, by_you=each.by == self.user)
        if too_many := self._within(same, limits.target):
            return _often(too_many, limits.target, self._until(too_many, limits.target))
        mine = [each for each in written if each.by == self.user]
        if too_many := self._within(mine, limits.user):
            return _by_you(too_many, limits.user, self._until(too_many, limits.user))
        return None

    def _waits_for(self, former: EarlierClaim) -> bool:
        return former.state == CLAIMED or (former.state == APPLIED and former.action == self.action)

    def _within(self, former: Sequence[EarlierClaim], limit: Limit) -> Sequence[EarlierClaim]:
        """Return the attempts within the limit's time if the limit is reached."""
        recent = [each for each in former if self.at - each.when < timedelta(minutes=limit.minutes)]
        return recent if len(recent) >= limit.writes else ()

    def _until(self, former: Sequence[EarlierClaim], limit: Limit) -> int:
        """Return in how many minutes the limit allows another attempt."""
        free = former[limit.writes - 1].when + timedelta(minutes=limit.minutes)
        return max(1, -int((self.at - free).total_seconds() // 60))


def _under_way(former: EarlierClaim, *, seconds: int, by_you: bool) -> Text:
    who = Text(en="you", zh="您") if by_you else Text(en="another user", zh="其他用户")
    doing = (
        Text(en="its verification is still running", zh="仍在验证是否有效")
        if former.state == APPLIED
        else Text(en="it is still being applied", zh="仍在执行中")
    )
    verb = words_of(former.action).verb
    return Text(
        en=f"{who.en} confirmed “{verb.en}” for the same object {seconds} s ago, and {doing.en}: wait for it",
        zh=f"{who.zh}在 {seconds} 秒前已对同一对象确认“{verb.zh}”，{doing.zh}：请等待其结果",
    )


def _often(former: Sequence[EarlierClaim], limit: Limit, minutes: int) -> Text:
    tried = [(words_of(each.action).verb, each.state) for each in former[: limit.writes]]
    done = Text(
        en=", ".join(f"{verb.en}: {state}" for verb, state in tried),
        zh="，".join(f"{verb.zh}：{state}" for verb, state in tried),
    )
    return Text(
        en=f"{len(former)} remedies were tried on the same object within {limit.minutes} minutes ({done.en}). One more "
        f"will hardly help. Find the cause, or try again in {minutes} min",
        zh=f"{limit.minutes} 分钟内已对同一对象执行 {len(former)} 次操作（{done.zh}）：再次执行很可能无济于事。"
        f"请先查找根因，或在 {minutes} 分钟后再试",
    )


def _by_you(former: Sequence[EarlierClaim], limit: Limit, minutes: int) -> Text:
    return Text(
        en=f"you applied {len(former)} remedies within {limit.minutes} minutes, the policy's limit per person: "
        f"try again in {minutes} min, or ask another person",
        zh=f"您在 {limit.minutes} 分钟内已执行 {len(former)} 次操作，达到策略对单人的上限："
        f"请在 {minutes} 分钟后再试，或请他人执行",
    )
