"""Fill in the texts of `texts.yaml`: what kubelets, the scheduler and controllers write."""

from __future__ import annotations

from typing import Any, Final

from bot.playground.kubernetes.resources import Json, read_table

TEXTS: Final[Json] = read_table("scenes/texts.yaml")
PROBES: Final = ("readiness", "liveness", "startup")
# Faults that block the creation of every container of a pod.
PREPARATIONS: Final = ("sandbox_error", "mount_error", "attach_error")
# The reasons of the events of a pod that was scheduled and whose containers started.
OF_START: Final = frozenset({"Scheduled", "Pulled", "Created", "Started"})


def filled(texts: Json, **values: Any) -> Json:
    """Return a row of `texts.yaml` with these values in its texts."""
    return {key: text.format(**values) if isinstance(text, str) else text for key, text in texts.items()}


def events(occasion: str, *, container: Json | None = None, **values: Any) -> list[Json]:
    """Return the events of an occasion, about a container if it is given; `values` may hold their count."""
    common = {"count": values["count"]} if "count" in values else {}
    if container is not None:
        common["container"] = container["name"]
        values |= {"container": container["name"], "image": container.get("image", "")}
    return [common | filled(each, **values) for each in TEXTS["events"][occasion]]


def of_start(pod: Json) -> list[Json]:
    """Return the events of a pod that starts."""
    metadata, spec = pod["metadata"], pod["spec"]
    place = {"namespace": metadata["namespace"], "name": metadata["name"], "node": spec.get("nodeName", "")}
    told = events("Assigned", **place)
    for each in spec.get("containers") or ():
        present = f'Container image "{each.get("image", "")}" already present on machine'
        told += events("Run", container=each, pulled=present)
    return told
