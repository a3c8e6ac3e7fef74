"""Entries of saved incidents: the signature of a line, the file, and its check against other entries."""

from typing import Any

import pytest

from bot.common.catalogs import load_catalog
from bot.probes.registry import declarations
from intents.catalog.learned import (
    LONGEST_LINE,
    LONGEST_TEXT,
    LONGEST_TITLE,
    Collisions,
    SavedIncident,
    UnusableLine,
    collisions,
    entry_id,
    entry_yaml,
    read_entry,
    saved_in,
    signature_of,
)
from intents.catalog.lint import complaints
from intents.catalog.schema import Incident
from intents.domain import Status
from intents.matcher import LayeredMatcher, Matcher, signature_matcher
from intents.symptoms import read_symptoms

LINE = "payment-gateway: ledger checksum mismatch for batch 4711: expected 0xdeadbeef got 0xcafe"
SIGNATURE = "payment-gateway: ledger checksum mismatch for batch <_>: expected <_> got"
LONG = f"{LINE} {' '.join(f'word{chr(97 + n)}{chr(97 + n // 2)}' for n in range(26))}"[:LONGEST_LINE]
CATALOG = load_catalog().catalog


def entry(line: str = LINE, **others: str) -> Incident:
    texts: dict[str, Any] = {"title": "Ledger", "line": line, "root_cause": "It ran twice.", "channel": "pay", **others}
    saved = SavedIncident(**texts)
    id = entry_id(saved.title, line)
    read = read_entry(entry_yaml(saved, id=id))
    assert read is not None
    return read


@pytest.mark.parametrize(
    ("line", "signature"),
    [
        (f"2026-11-23 12:00:01Z ERROR {LINE}", SIGNATURE),
        (
            "E1123 12:20:51.123456 1 claims.go:7] tenant quota rejected claim of pod shop/api-7d9f8b6c54-ddddd today",
            "tenant quota rejected claim of pod <namespace>/<pod> today",
        ),
        (
            '{"level":"error","ts":1700000000.1,"msg":"breaker open for upstream 10.1.2.3:5432 after 17 attempts"}',
            "breaker open for upstream <_> after <_> attempts",
        ),
        (
            "could not fetch https://example.com/a as ops@x.example: volume 3f2b8a10-1c2d-4e5f-8a9b-0c1d2e3f4a5b busy",
            "could not fetch <_> as <_>: volume <_> busy",
        ),
        ("licence for <tenant> was [redacted] by the vendor", "licence for tenant was <_> by the vendor"),
        ("许可证服务器 lic01.example.com 拒绝签出功能", "许可证服务器 <_> 拒绝签出功能"),
    ],
)  # fmt: skip
def test_signature_is_the_stable_part_of_the_line(line: str, signature: str) -> None:
    assert signature_of(line) == signature


@pytest.mark.parametrize("line", ["", "Error: 42", "connection refused", "<pod> <_> <node>", "10.0.0.1:443 4711"])
def test_line_without_words_of_its_own_has_no_signature(line: str) -> None:
    with pytest.raises(UnusableLine):
        signature_of(line)


@pytest.mark.parametrize(
    "others",
    [
        {},
        {"title": "Braces {here}: and | “quotes” #", "root_cause": "{named.pod} {{x}} % \\ ' \" : #", "done": "- {b}"},
        {"title": "账本被写入两次", "root_cause": "导入任务运行了两次。", "done": "删除批次"},
        {"root_cause": "true", "title": "null", "done": "2026-11-23"},
        {"title": "t" * LONGEST_TITLE, "root_cause": "r " * (LONGEST_TEXT // 2), "line": LONG},
    ],
)  # fmt: skip
def test_entry_passes_lint_and_is_found_by_its_own_line(others: dict[str, str]) -> None:
    incident = entry(**{"line": LINE, **others})

    assert list(complaints(incident, CATALOG, declarations(), {})) == []
    assert incident.status is Status.SANDBOX
    assert not incident.remediations
    line = incident.examples.match[0]
    assert [one.incident for one in signature_matcher([incident]).match(read_symptoms(line)).hypotheses] == [
        incident.id
    ]


def test_dialog_gets_back_what_was_saved() -> None:
    saved = SavedIncident(
        title="Ledger", line=LINE, root_cause="{It} ran twice.", done="stop {x}\ndelete it", channel="pay", by="Alex"
    )
    incident = read_entry(entry_yaml(saved, id=entry_id(saved.title, "k")))

    assert incident is not None
    assert saved_in(incident, channel="pay", by="Alex", version=1) == saved


def test_stable_entry_needs_more_examples() -> None:
    text = entry_yaml(SavedIncident(title="a", line=LINE, root_cause="b"), id="learned-a")

    assert read_entry(text) is not None
    assert read_entry(text.replace("status: sandbox", "status: stable")) is None


def test_check_names_the_examples_that_the_new_signature_matches() -> None:
    other = next(one for one in CATALOG if len(one.examples.match[0].split()) > 5)
    found = collisions(entry(line=other.examples.match[0]), CATALOG)

    assert (other.id, other.examples.match[0]) in found.examples
    assert collisions(entry(), CATALOG) == Collisions()


def test_saved_entry_stands_between_specific_and_general_entries() -> None:
    base = Matcher(CATALOG)
    specific = 'Back-off pulling image "registry.example.com/shop/api:9.9": manifest unknown'
    first = base.match(read_symptoms(specific)).hypotheses[0].incident
    incident = entry()
    both = read_symptoms(f"{specific}\n{LINE}")

    def ranked(**options: Any) -> list[str]:
        layered = LayeredMatcher(base, [signature_matcher([incident])], **options)
        return [one.incident for one in layered.match(both).hypotheses]

    known = [one.incident for one in base.match(both).hypotheses]
    assert ranked(general=()) == [*known, incident.id]
    assert ranked(general=known) == [incident.id, *known]
    assert ranked(general=(), left_out={incident.id}) == known
    assert first == known[0]
