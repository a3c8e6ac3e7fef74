"""Certificates that can be read without Secrets, by when they end."""

from base64 import b64encode
from typing import Any

from bot.kube.timestamps import bundle_validities, validities
from bot.playground.kubernetes import SimulatedCluster
from bot.probes import certificates

# Valid in 2024, and from 2026 to 2056: the latter writes its end with four digits of the year.
OLD = (
    "MIH+MIGmAgEBMAoGCCqGSM49BAMCMAwxCjAIBgNVBAMMAXQwHhcNMjQwMTAxMDAw"
    "MDAwWhcNMjUwMTAxMDAwMDAwWjAMMQowCAYDVQQDDAF0MFkwEwYHKoZIzj0CAQYI"
    "KoZIzj0DAQcDQgAEDCL3MYLg0oGQUY8qupR2NVVkhKX1ewtYUK1YWBV81SXkkFrK"
    "fm/NZZx36icdG9eEFitB/Mtc3afQ2omMcwKoyDAKBggqhkjOPQQDAgNHADBEAiBV"
    "LI9DFoo61BgVj7cXqkRZQ4H/IyI94H/NSDnf+rkgTAIgJ68Rk6J4QAJ7iy+Pj9E/"
    "IxSpEK8jxhZrHbj/49J6r+A="
)
NEW = (
    "MIIBADCBqAIBAjAKBggqhkjOPQQDAjAMMQowCAYDVQQDDAF0MCAXDTI2MDEwMTAw"
    "MDAwMFoYDzIwNTYwMTAxMDAwMDAwWjAMMQowCAYDVQQDDAF0MFkwEwYHKoZIzj0C"
    "AQYIKoZIzj0DAQcDQgAEDCL3MYLg0oGQUY8qupR2NVVkhKX1ewtYUK1YWBV81SXk"
    "kFrKfm/NZZx36icdG9eEFitB/Mtc3afQ2omMcwKoyDAKBggqhkjOPQQDAgNHADBE"
    "AiAT1JGiImIsykyVXgK2ZqVk6WGGpD1U0vYZQfN9ObVdGAIgXawBZNog5cGlWKuE"
    "n0bbFq+aX1WaRNAaAMEx3u0OpB4="
)


def pem(*bodies: str) -> str:
    return "".join(f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n" for body in bodies)


def bundle(*bodies: str) -> str:
    return b64encode(pem(*bodies).encode()).decode()


def webhook(name: str, ca: str) -> dict[str, Any]:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [
            {
                "name": f"{name}.example.com",
                "clientConfig": {"service": {"name": name, "namespace": "guard"}, "caBundle": ca},
                "rules": [
                    {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]},
                ],
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
            }
        ],
    }


def test_the_validity_of_certificates() -> None:
    assert [(one.begin.year, one.end.year) for one in validities(pem(OLD, NEW))] == [(2024, 2025), (2026, 2056)]


def test_what_is_no_certificate_is_left_out() -> None:
    assert validities(pem("AAAA", OLD[:200])) == ()
    assert bundle_validities("no base64") == ()
    assert bundle_validities("") == ()


async def test_a_bundle_is_valid_as_long_as_one_of_its_certificates_is(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [webhook("old", bundle(OLD)), webhook("both", bundle(OLD, NEW)), webhook("none", "")]})

    rows = (await read(certificates.read, named={"webhook": "old.example.com"})).rows

    assert [(row.values["name"], row.values["state"], row.values["asked"]) for row in rows] == [
        ("old", "expired", True),
        ("none", "no-bundle", False),
        ("both", "valid", False),
    ]


async def test_the_object_in_question_alone_is_read(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [webhook("old", bundle(OLD)), webhook("both", bundle(OLD, NEW))]})

    (row,) = (await read(certificates.read, kind="ValidatingWebhookConfiguration", name="both")).rows

    assert (row.values["name"], row.values["part"], row.values["state"]) == ("both", "both.example.com", "valid")


async def test_a_text_without_names_is_not_about_what_ended_long_ago(cluster: SimulatedCluster, read: Any) -> None:
    cluster.load({"objects": [webhook("old", bundle(OLD))]})

    (row,) = (await read(certificates.read)).rows

    assert (row.values["state"], row.values["asked"]) == ("expired", False)
