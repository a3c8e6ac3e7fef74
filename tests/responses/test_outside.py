"""An update for a status page names nobody and no system, whatever people wrote."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intents.chronicle.facts import Fact, FactKind
from intents.chronicle.summary import summary_of
from intents.domain import Language, ObjectRef
from responses.chronicle.outside import status_update
from tests.responses.chronicles import ALICE, BOB, NOON, said


def update(*facts: Fact, people: dict[str, str] | None = None, language: Language = Language.EN) -> dict[str, str]:
    """Return the lines by their label."""
    summary = summary_of(facts, name="inc-1", opened=NOON, now=NOON)
    text = status_update(summary, facts, people=people or {}, language=language)
    return dict(line.split("：" if language is Language.ZH else ": ", 1) for line in text.split("\n")[1:])


@pytest.mark.parametrize(
    ("says", "shown"),
    [
        ("checkout returns 503 for about 10% of users", "checkout returns 503 for about 10% of users"),
        ("EU customers cannot sign-in since 14:05", "EU customers cannot sign-in since 14:05"),
        ("card payments take 3.5 s, 1,200 orders lost", "card payments take 3.5 s, 1,200 orders lost"),
        ("5xx for 12k users in the last 30min", "5xx for 12k users in the last 30min"),
        ("orders fail (pod api-7d9f-x2x4z)", "orders fail (pod …)"),
        ("orders fail (`kubectl get pods`)", "orders fail"),
        ("orders fail, see https://grafana.example/d/1", "orders fail, see …"),
        ("registry.internal/shop/api:v2 is gone, orders fail", "… is gone, orders fail"),
        ("postgres 14.2 on 10.0.0.7:5432 refuses orders", "… on … refuses orders"),
        ("orders fail, payment_service throws NullPointerException", "orders fail, … throws …"),
        ("@dana says orders fail", "… says orders fail"),
        ("api-7d9f挂了，下单失败", "…挂了，下单失败"),
        ("从 14:05 开始下单失败，影响 20% 用户", "从 14:05 开始下单失败，影响 20% 用户"),
        ("redis", "(not stated yet)"),
    ],
)
def test_the_impact_is_told_without_names(says: str, shown: str) -> None:
    assert update(said(0, FactKind.REPORT, says, ALICE))["Impact"] == shown


def test_people_and_objects_of_the_channel_are_left_out() -> None:
    objects = (ObjectRef(kind="Service", namespace="shop", name="checkout"),)
    error = replace(said(1, FactKind.ERROR, "x", BOB), objects=objects, cluster="fra", bot="Argo CD")
    report = said(2, FactKind.REPORT, "petra's checkout in fra fails, says Argo and 陈工", ALICE)

    shown = update(error, report, people={ALICE: "Petra Novak", BOB: "陈工"})

    assert shown["Impact"] == "…'s … in … fails, says … and …"


def test_what_a_monitor_says_is_not_for_outside() -> None:
    alert = replace(said(0, FactKind.ALERT, "CheckoutErrorRate > 5%"), bot="Alertmanager", state="firing")
    assert update(alert)["Impact"] == "(not stated yet)"


def test_the_next_update_is_told_without_names() -> None:
    told = said(1, FactKind.COMMS, "status page updated, next update 15:30 by Petra", ALICE)

    assert update(told, people={ALICE: "Petra"})["Next update"] == "next update 15:30 by …"
    chinese = said(1, FactKind.COMMS, "已通知客户，下次更新 15:30", ALICE)
    assert update(chinese, language=Language.ZH)["下次更新"] == "下次更新 15:30"


# Letters that no fixed word of an update has in a row.
_NAMES = st.one_of(
    st.from_regex(r"\A[qzxQZX]{3}[a-z]{0,6}\Z"),
    st.from_regex(r"\A[qzx]{3}[a-z]{0,4}[ .'-][qzx]{3}[a-z]{0,4}\Z"),
    st.text("龘靐齉爩鱻", min_size=2, max_size=4),
)
_MENTIONED = st.from_regex(r"\A@U0[A-Z0-9]{7}\Z")
_CODE = st.from_regex(r"\A`[qzx]{3}[a-z .=/-]{0,12}`\Z")
_URLS = st.from_regex(r"\Ahttps?://[qzx]{3}[a-z.-]{0,12}/[a-z0-9/?=&-]{0,12}\Z")
_HOSTS = st.from_regex(r"\A[qzx]{3}[a-z0-9-]{0,6}(\.[qzx]{3}[a-z0-9]{0,6}){1,3}(:[0-9]{2,5})?\Z")
_VERSIONS = st.from_regex(r"\A(v[0-9]{1,3}(\.[0-9]{1,3}){0,2}|[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(-rc[0-9])?)\Z")
_BETWEEN = st.sampled_from(
    [" ", " and ", ", ", " (", ") ", "/", "，", "说", "\u3000", "'s ", "’s ", ": ", " \u200b", "“", "\t"]
)


_CASES: Final[Sequence[Callable[[str], str]]] = (str, str.upper, str.lower)


@settings(max_examples=100)
@given(data=st.data(), language=st.sampled_from(list(Language)))
def test_no_name_of_a_person_or_system_leaks(data: st.DataObject, language: Language) -> None:
    people = data.draw(st.dictionaries(st.sampled_from([ALICE, BOB]), _NAMES, max_size=2))
    names = data.draw(st.lists(_NAMES, min_size=1, max_size=3))
    objects = tuple(ObjectRef(kind="Pod", namespace=names[-1], name=name) for name in names)
    others = st.one_of(_MENTIONED, _CODE, _URLS, _HOSTS, _VERSIONS)
    hidden = [*people.values(), *names, *data.draw(st.lists(others, max_size=4))]
    written = data.draw(st.permutations([*hidden, "orders fail", "20% of users"]))
    changes: list[Callable[[str], str]] = [data.draw(st.sampled_from(_CASES)) for _ in written]
    recased = [change(part) for change, part in zip(changes, written, strict=True)]
    says = "".join(part + data.draw(_BETWEEN) for part in recased)
    facts = (
        replace(said(0, FactKind.ERROR, "x", BOB), objects=objects),
        said(1, FactKind.REPORT, says, ALICE),
        said(2, FactKind.COMMS, f"next update {says}", ALICE),
    )

    shown = "\n".join(update(*facts, people=people, language=language).values()).lower()

    assert [name for name in hidden if name.lower() in shown] == []
