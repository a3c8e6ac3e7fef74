"""Generate the parts of documents that come from code: `make readme` writes them, tests compare them."""

from __future__ import annotations

import contextlib
import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from bot.__main__ import main
from bot.cli.errors import table
from bot.common.tracing import ALLOWED
from bot.metrics import Metrics
from bot.remedies.action import actions
from bot.roles import ASKED_ABOUT, DIAGNOSIS, MARKING, PREVIEWS, Need, reads, writes
from bot.settings import documented
from bot.slack.scopes import SCOPES
from intents.catalog import schema
from intents.catalog.actions import Argument
from intents.catalog.loader import builtin_directory, load
from intents.catalog.signatures import Signature
from intents.domain import Permission
from intents.symptoms import VOCABULARY
from tests.deploy import chart_files
from tests.project import catalog_page, coverage_page, role_files, slack_files

ROOT: Final = Path(__file__).parents[2]
README: Final = ROOT / "README.md"
_PROMPT = "casebook> "
_SCENARIO = "run-as-nonroot-root-image"
_PASTE = 'container has runAsNonRoot and image will run as root (pod: "db-tikv-0_ledger", container: tikv)'


def documents() -> tuple[Path, ...]:
    """Return the pages that people read first: README.md and docs/."""
    return README, *sorted((ROOT / "docs").glob("*.md"))


def with_parts(page: Path) -> str:
    """Return a page's text with each part between `<!-- NAME:begin -->` and `<!-- NAME:end -->` generated anew."""
    text = page.read_text("utf-8")
    for name, lines in _PARTS[page.name].items():
        begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
        if (text.count(begin), text.count(end)) != (1, 1):
            raise ValueError(f"{page.name} does not mark {name!r} once: expected one {begin.strip()} and one {end}")
        before, _, rest = text.partition(begin)
        after = rest.partition(end)[2]
        text = "".join([before, begin, *(f"{line}\n" for line in lines()), end, after])
    return text


def _answer() -> Iterator[str]:
    """Yield the demo's answer to a paste, without its footer."""
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as out:
        patch.setenv("COLUMNS", "100")
        patch.setattr("sys.stdin", io.StringIO(f"{_PASTE}\n\n"))
        assert main(["demo", "--terminal", "--lang", "en", "--scenario", _SCENARIO]) == 0
    answer = out.getvalue().partition(f"{_PROMPT}{_PASTE}\n")[2].splitlines()[1:]
    yield "```text"
    yield f"{_PROMPT}{_PASTE}"
    yield ""
    # The footer tells how long the answer took.
    shown = "\n".join(takewhile(lambda line: not line.startswith("cluster simulated · "), answer))
    yield from shown.rstrip().splitlines()
    yield "```"


def _scopes() -> Iterator[str]:
    yield "| scope | why | off without it |"
    yield "|---|---|---|"
    for scope in SCOPES:
        yield f"| `{scope.name}` | {scope.reason} | {scope.without or '**everything**'} |"


def _settings() -> Iterator[str]:
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    for variable, default, meaning in documented():
        yield f"| `{variable}` | {f'`{default}`' if default else ''} | {meaning} |"


def _metrics() -> Iterator[str]:
    yield "| metric | kind | labels | meaning |"
    yield "|---|---|---|---|"
    for metric in Metrics().documented():
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        yield f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} |"


def _attributes() -> Iterator[str]:
    yield "| attribute | meaning |"
    yield "|---|---|"
    for each in ALLOWED.values():
        yield f"| `{each.key}` | {each.means} |"


# A label of an alert in its text.
_SHOWN: Final = re.compile(r"\{\{ \$labels\.\w+ \}\}")


def _alerts() -> Iterator[str]:
    yield "| alert | severity | what it says | what to do |"
    yield "|---|---|---|---|"
    rules = yaml.safe_load((ROOT / "deploy/helm/casebook/files/alerts.yaml").read_text("utf-8"))["groups"][0]["rules"]
    for rule in rules:
        said, do = (_SHOWN.sub("…", rule["annotations"][name]).strip() for name in ("summary", "description"))
        yield f"| `{rule['alert']}` | {rule['labels']['severity']} | {said} | {do} |"


def _reads() -> Iterator[str]:
    """Yield who reads what: first every diagnosis and preview, then each probe and entry."""
    yield "| read by | resources |"
    yield "|---|---|"
    catalog = load((builtin_directory(),)).catalog
    by_whom = _by_whom(reads(catalog, ()))
    for_all = {DIAGNOSIS: by_whom.pop(DIAGNOSIS), ASKED_ABOUT: by_whom.pop(ASKED_ABOUT)}
    for_all[PREVIEWS] = _by_whom(reads(catalog, tuple(actions())))[PREVIEWS]
    yield from (f"| *{name}* | {_permissions(needed)} |" for name, needed in for_all.items())
    yield from (f"| `{name}` | {_permissions(by_whom[name])} |" for name in sorted(by_whom))


def _writes() -> Iterator[str]:
    yield "| action | it writes | its *Undo* also writes |"
    yield "|---|---|---|"
    by_whom = _by_whom(writes(tuple(actions())))
    for name in sorted(actions()):
        no_undo = "" if actions()[name].declaration.undoable else "*no Undo*"
        undo = _permissions(by_whom.get(f"undo of {name}", ())) or no_undo
        yield f"| `{name}` | {_permissions(by_whom.get(name, ())) or 'nothing'} | {undo} |"
    yield f"| {MARKING} | {_permissions(by_whom[MARKING])} | |"


def _actions() -> Iterator[str]:
    """Every action that an entry may name: to what it is applied, and what it is told."""
    yield "| action | what it does | to | arguments | risk | undo |"
    yield "|---|---|---|---|---|---|"
    for name, action in actions().items():
        declared, does, kinds = action.declaration, action.words.does.en, ", ".join(action.writes)
        told = "<br>".join(f"`{key}` {_argument(each)}" for key, each in declared.args.items())
        undo = "yes" if declared.undoable else "no"
        yield f"| `{name}` | {does} | {kinds} | {told} | {declared.least_risk} | {undo} |"


def _argument(argument: Argument) -> str:
    of = " or ".join(f"`{each}`" for each in argument.choices) or argument.type
    return f"({of}{'' if argument.required else ', optional'}): {argument.says}"


def _by_whom(needs: Iterable[Need]) -> dict[str, set[Permission]]:
    found: defaultdict[str, set[Permission]] = defaultdict(set)
    for need in needs:
        found[need.by].add(need.permission)
    return dict(found)


def _permissions(permissions: Iterable[Permission]) -> str:
    """Return one phrase for each resource, as in `get, list pods`."""
    verbs: defaultdict[str, set[str]] = defaultdict(set)
    for each in permissions:
        verbs[f"{each.resource}.{each.group}" if each.group else each.resource].add(each.verb)
    return ", ".join(f"{'/'.join(sorted(verbs[name]))} `{name}`" for name in sorted(verbs))


_MODELS: Final = (
    schema.Incident, Signature, schema.Read, schema.Rule, schema.Otherwise, schema.PlotOf, schema.Remediation,
    schema.Symptom, schema.Question, schema.RunbookStep, schema.Examples, schema.Case, schema.Ask,
    schema.World, schema.Change,
)  # fmt: skip


def _fields() -> Iterator[str]:
    """Yield every key of an entry, grouped by model."""
    schema.describe_fields()
    for model in _MODELS:
        yield f"**{model.__name__}**"
        yield ""
        yield "| key | | meaning |"
        yield "|---|---|---|"
        for name, field in model.model_fields.items():
            note = "required" if field.is_required() else _default(field.get_default(call_default_factory=True))
            meaning = " ".join(str(field.description or "").split()).replace("|", "\\|")
            yield f"| `{field.alias or name}` | {note} | {meaning} |"
        yield ""


def _default(value: Any) -> str:
    empty = value is None or value in ("", (), {}) or isinstance(value, schema.World | schema.Cases)
    return "" if empty else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _words() -> Iterator[str]:
    yield "| word | captures |"
    yield "|---|---|"
    yield from (f"| `<{word}>` | {meaning} |" for word, meaning in VOCABULARY.items())


# Each page and its generated parts.
_PARTS: Final[Mapping[str, Mapping[str, Callable[[], Iterable[str]]]]] = defaultdict(
    dict,
    {
        "README.md": {"answer": _answer, "exit-codes": table},
        "coverage.md": {"summary": coverage_page.summary, "details": coverage_page.details},
        "catalog.md": {"actions": _actions, "fields": _fields, "words": _words},
        "metrics.md": {"metrics": _metrics},
        "permissions.md": {"scopes": _scopes, "reads": _reads, "writes": _writes},
        "settings.md": {"settings": _settings},
        "telemetry.md": {"attributes": _attributes, "alerts": _alerts},
    },
)


if __name__ == "__main__":
    for page in documents():
        page.write_text(with_parts(page), "utf-8")
    catalog_page.write()
    role_files.write()
    chart_files.write()
    slack_files.write()
