"""What a ConfigMap holds: the matches of a pattern in the text of its keys.

Programs keep their status and their configuration there as text that no field path reaches.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

from bot.cluster.errors import ClusterError, NotFound
from bot.kube.objects import ref
from bot.probes.contract import Look, Probe
from bot.probes.shared.ages import UNKNOWN, age_s
from bot.probes.shared.log_lines import BadPattern, compile_pattern, excerpt
from intents.domain import (
    ArgDeclaration,
    Gap,
    GapReason,
    Json,
    ObjectRef,
    Permission,
    ProbeDeclaration,
    Reading,
    Row,
    RowType,
)
from responses.secrets import redact

MOST_MATCHES: Final = 100
# A ConfigMap holds at most 1 MiB; a longer text is not searched to its end.
_SEARCHED: Final = 1 << 20

DECLARATION: Final = ProbeDeclaration(
    name="config-maps",
    says="The matches of a pattern in one ConfigMap, or one row without a match",
    rows={
        "namespace": RowType.STRING,
        "name": RowType.STRING,
        "key": RowType.STRING,  # "" in the row without a match
        "found": RowType.BOOLEAN,
        "text": RowType.STRING,  # what matched, cut
        "written_s": RowType.INTEGER,  # since it was last written, -1 unknown
    },
    args={
        "namespace": ArgDeclaration(says="default: the namespace in question"),
        "name": ArgDeclaration(says="of the ConfigMap", required=True),
        "key": ArgDeclaration(says="only this key"),
        "capture": ArgDeclaration(
            says="RE2 pattern to look for; (?s) lets it go over lines", required=True, adds_keys="regex"
        ),
    },
    permissions=(Permission(verb="get", resource="configmaps"),),
)


async def read(look: Look) -> Reading:
    namespace = str(look.args.get("namespace") or look.focus.namespace)
    about = ObjectRef(kind="ConfigMap", namespace=namespace, name=str(look.args.get("name") or ""))
    try:
        pattern = compile_pattern(look.args.get("capture"))
        found = await look.snapshot.get("ConfigMap", about.name, namespace=namespace)
    except BadPattern as error:
        return Reading(gaps=(Gap(what=str(about), reason=GapReason.NOT_CONFIGURED, detail=str(error)),))
    except NotFound:
        return Reading(missing=str(about))
    except ClusterError as error:
        return Reading(gaps=(error.gap(str(about)),))
    wanted = look.args.get("key")
    rows = [
        _row(look, found, key, match, pattern)
        for key, text in sorted((found.get("data") or {}).items())
        if isinstance(text, str) and wanted in (None, "", key)
        # Taken alone, a piece no longer shows that it is a secret: the whole is redacted first.
        for match in islice(pattern.finditer(redact(text[:_SEARCHED])), MOST_MATCHES)
    ]
    return Reading(rows=tuple(rows[:MOST_MATCHES] or [_row(look, found, "", None, pattern)]))


def _row(look: Look, found: Json, key: str, match: Any, pattern: Any) -> Row:
    about = ref(found, "ConfigMap")
    shown = excerpt(match.group(0), 0) if match is not None else ""
    groups = match.groupdict() if match is not None else dict.fromkeys(pattern.groupindex)
    return Row(
        values={
            **{name: value or "" for name, value in groups.items()},
            "namespace": about.namespace,
            "name": about.name,
            "key": key,
            "found": match is not None,
            "text": shown,
            "written_s": _written_s(look, found),
        },
        subject=about,
        quote=shown,
        reproduce=f"kubectl -n {about.namespace} get configmap {about.name} -o yaml",
    )


def _written_s(look: Look, found: Json) -> int:
    fields = (found.get("metadata") or {}).get("managedFields") or ()
    ages = [age for each in fields if (age := age_s(look.snapshot, each.get("time"))) != UNKNOWN]
    return min(ages, default=UNKNOWN)


PROBE: Final = Probe(declaration=DECLARATION, read=read)
