"""Two proven faults of one object are both found, and both are in the answer."""

from __future__ import annotations

import yaml

from bot.cli.rehearsal import REHEARSAL_TIME, stage, staged
from bot.diagnosing import diagnose
from bot.playground.kubernetes.scenes import expanded
from intents.domain import Language, Verdict
from intents.request import DiagnoseObject
from responses import glance
from tests.engines import remembering_engine

# An Ingress without its Service and without its TLS Secret.
_WORLD = """
scene:
  Deployment/ingress-nginx/ingress-nginx-controller:
    containers: {controller: "ingress-nginx/controller:1"}
    pods:
      ingress-nginx-controller-5d88495688-2bx7k:
        log: {since: 6m, text: 'W0302 02:54:00.118292  7 controller.go:1333] Error getting SSL certificate "shop/front-tls": local SSL certificate shop/front-tls was not found. Using default certificate'}
  IngressClass/nginx: {spec: {controller: k8s.io/ingress-nginx}}
  Ingress/shop/front:
    spec:
      ingressClassName: nginx
      tls: [{hosts: [shop.example.com], secretName: front-tls}]
      rules: [{host: shop.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: cart, port: {number: 80}}}}]}}]
    status: {loadBalancer: {ingress: [{ip: 203.0.113.10}]}}
"""  # noqa: E501


async def test_a_missing_service_does_not_hide_a_missing_secret() -> None:
    request = DiagnoseObject(kind="Ingress", namespace="shop", name="front")
    async with staged(stage(expanded(yaml.safe_load(_WORLD), now=REHEARSAL_TIME))) as connection:
        diagnosis = await diagnose(request, engine=remembering_engine(), connection=connection)

    first, second = (one for one in diagnosis.hypotheses if one.verdict is Verdict.CONFIRMED)
    assert {first.incident, second.incident} == {"ingress-backend-missing", "tls-secret-missing"}
    for language in Language:
        assert "Secret" in glance.others(first, diagnosis, language)
