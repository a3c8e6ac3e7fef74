"""Find out whether the program behind a Service says that only its own pod can reach it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from bot.kube.containers import containers_in
from bot.kube.log_listeners import loopback_ports, probed_ports
from bot.kube.log_records import split_stamps
from bot.kube.objects import is_terminating, name_of
from bot.kube.pod_states import is_ready
from bot.kube.services import numbers_of, targets_of
from bot.probes.contract import Look, beside_the_verdict
from bot.probes.shared.log_lines import logs_of, text_of
from intents.domain import Json
from responses.redaction import redact


async def loopback_targets(look: Look, service: Json, pods: Sequence[Json]) -> Mapping[int, str]:
    """Return the target ports that the first ready pod of a Service serves to itself alone, with the line of its log.

    A log that cannot be read says nothing.
    """
    ready = (pod for pod in sorted(pods, key=name_of) if is_ready(pod) and not is_terminating(pod))
    pod = next(ready, None)
    numbers = numbers_of(targets_of(service), pod) - probed_ports(pod) if pod else frozenset()
    if pod is None or not numbers:
        return {}
    containers = [each for each in containers_in(pod) if not each.init]
    declaring = [
        each for each in containers if numbers & {port["containerPort"] for port in each.declared.get("ports") or ()}
    ]
    with beside_the_verdict():
        # What a sidecar calls or serves besides is not the port of the program.
        speaking = containers if len(containers) == 1 else declaring
        logs = [log for each in speaking for log in logs_of(each, look.snapshot, which="no")]
        texts = await asyncio.gather(*(text_of(log, look.snapshot) for log in logs if not log.ended))
    said = (loopback_ports(split_stamps(text)[0]) for text in texts)
    return {port: redact(line) for each in said for port, line in each.items() if port in numbers}
