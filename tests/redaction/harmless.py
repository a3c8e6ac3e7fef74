"""Generate harmless texts of Kubernetes: ids, digests, names of pods, tables, certificates, log lines."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from typing import Final

from tests.redaction.makers import Make, digits, hexadecimal, lower, mixed, uuid

_EACH: Final = 12
_POD: Final = "bcdfghjklmnpqrstvwxz2456789"


def _pod(chance: random.Random) -> str:
    def part(length: int) -> str:
        return "".join(chance.choices(_POD, k=length))

    return f"{lower(6)(chance)}-{part(chance.choice((9, 10)))}-{part(5)}"


def _certificate(chance: random.Random) -> str:
    body = base64.b64encode(b"0\x82\x03" + chance.randbytes(300)).decode()
    rows = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return f"-----BEGIN CERTIFICATE-----\n{rows}\n-----END CERTIFICATE-----"


def _bundle(chance: random.Random) -> str:
    return base64.b64encode(_certificate(chance).encode()).decode()


_FORMS: Final[tuple[tuple[str, Make], ...]] = (
    ("Image: ghcr.io/acme/web@sha256:§", hexadecimal(64)),
    ("  uid: §", uuid),
    ("  resourceVersion: \"§\"", digits(9)),
    ("pod/§ deleted", _pod),
    ("§   0/1   CrashLoopBackOff   7 (2m ago)   14m   10.244.1.9   node-3", _pod),
    ("commit §", hexadecimal(40)),
    ("merge § into main", hexadecimal(9)),
    ("checksum/config: §", hexadecimal(64)),
    ("containerd://§", hexadecimal(64)),
    ("etag \"§\"", hexadecimal(32)),
    ("§", _certificate),
    ("caBundle: §", _bundle),
    ("certificate-authority-data: §", _bundle),
    ("couldn't find key password in Secret shop/§", _pod),
    ("secret \"§\" not found", _pod),
    ("passwordSecretRef: §", _pod),
    ("tokenSecretName: §", _pod),
    ("secretName: §", _pod),
    ("NAME   TYPE   DATA   AGE\n§   Opaque   2   3d", _pod),
    ("NAMESPACE,NAME,PASSWORD_SECRET\nshop,web,§", _pod),
    ("label app.kubernetes.io/instance=§", _pod),
    ("pod-template-hash=§", hexadecimal(10)),
    ("span_id=§ msg=\"token refreshed\"", hexadecimal(16)),
    ("trace_id=§", hexadecimal(32)),
    ("request id: §", mixed(20)),
    ("I0302 03:00:00.§       1 token_source.go:88] token refreshed", digits(6)),
    ("error: unable to read key § of the map", lower(9)),
    ("ip-10-0-3-§.ec2.internal", digits(2)),
    ("cannot fetch token: Post \"https://idp.acme.io/t?id=§\": EOF", digits(6)),
    ("/var/lib/kubelet/pods/§/volumes/kubernetes.io~secret/token", uuid),
    ("provider-id aws:///eu-west-1a/i-0§", hexadecimal(16)),
)  # fmt: skip


def generated(seed: int) -> Iterator[str]:
    """Yield harmless texts."""
    chance = random.Random(seed)
    for form, make in _FORMS:
        for _ in range(_EACH):
            yield form.replace("§", make(chance))
