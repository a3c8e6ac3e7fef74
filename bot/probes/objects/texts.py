"""Matches of a pattern in the texts of one object, as in the keys of a ConfigMap.

Programs keep their status and configuration there as text that no field path reaches.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

from bot.cluster.errors import ClusterError, NotFound, NotServed
from bot.kube.objects import ref
from bot.probes.contract import Look
from bot.probes.shared.log_lines import BadPattern, compile_pattern, excerpt
from intents.domain import (
    Gap,
    GapReason,
    ObjectRef,
    ProbeResult,
    Row,
)
from responses.secrets import redact

MOST_MATCHES: Final = 100
# A ConfigMap holds at most 1 MiB; of a longer text only the beginning is searched.
_SEARCHED: Final = 1 << 20


async def read(look: Look) -> ProbeResult:
    """Read the object and search its texts; `missing` where there is no such object."""
    namespace = str(look.args.get("namespace") or look.focus.namespace)
    kind = str(look.args.get("kind") or "")
    about = ObjectRef(kind=kind, namespace=namespace, name=str(look.args.get("name") or ""))
    try:
        pattern = compile_pattern(look.args.get("capture"))
        found = await look.snapshot.get(kind, about.name, namespace=namespace)
    except BadPattern as error:
        return ProbeResult(gaps=(Gap(what=str(about), reason=GapReason.NOT_CONFIGURED, detail=str(error)),))
    except NotFound:
        return ProbeResult(missing=str(about))
    except NotServed as error:
        return ProbeResult(not_applicable=f"this cluster has no {kind}: {error.detail}")
    except ClusterError as error:
        return ProbeResult(gaps=(error.gap(str(about)),))
    wanted = look.args.get("key")
    rows = [
        _row(ref(found, kind), match, pattern)
        for key, text in sorted((found.get("data") or {}).items())
        if isinstance(text, str) and wanted in (None, "", key)
        # A piece alone does not show that it is a secret: the whole text is redacted first.
        for match in islice(pattern.finditer(redact(text[:_SEARCHED])), MOST_MATCHES)
    ]
    return ProbeResult(rows=tuple(rows[:MOST_MATCHES] or [_row(ref(found, kind), None, pattern)]))


def _row(about: ObjectRef, match: Any, pattern: Any) -> Row:
    shown = excerpt(match.group(0), 0) if match is not None else ""
    groups = match.groupdict() if match is not None else dict.fromkeys(pattern.groupindex)
    return Row(
        values={
            **{name: value or "" for name, value in groups.items()},
            "namespace": about.namespace,
            "name": about.name,
        },
        subject=about,
        quote=shown,
        reproduce=f"kubectl -n {about.namespace} get {about.kind.lower()} {about.name} -o yaml",
    )
