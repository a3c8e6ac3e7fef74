"""Hide what generators make: tokens that vendors mark with a prefix, and values that only their own look gives away.

`vendor_rules.json` is the rule list of gitleaks, under its licence in `vendor_rules.LICENSE`. One pass over the text
finds the keywords of all rules; only rules whose keyword occurs run. Our own table adds what that list lacks, and
recognises tokens that were cut off. Values without a prefix are long base64, or have to be assigned (`x=…`, `x: "…"`),
quoted, or a word of their own; names of public values are known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import re2

from responses.redaction.buffer import (
    FILL,
    PAGE_TOKEN,
    LatePattern,
    Match,
    counts,
    entropy,
    hidden,
    hide_groups,
    hide_if,
    hide_spans,
    looks_generated,
    looks_mixed,
    stage_of,
)

_RULES: Final[tuple[Mapping[str, Any], ...]] = tuple(
    json.loads(Path(__file__).with_name("vendor_rules.json").read_text(encoding="utf-8"))["rules"]
)

# A token begins with one of these; the rest has a digit or mixed cases. Short rests count: a log viewer may cut.
_PREFIXES: Final = (
    # clouds
    "GOCSPX-", "doo_v1_", "dop_v1_", "dor_v1_", "HRKU-", "rnd_", "nfp_", "vcp_", "vck_", "vci_", "vcr_", "sbp_",
    "sb_secret_", "fo1_", "fm1_", "fm1r_", "fm2_", "pscale_tkn_", "pscale_oauth_", "pscale_pw_", "pnu_", "pul-",
    "ico-",
    # code and packages
    "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "glrt-", "gldt-", "glptt-", "glcbt-",
    "glsoat-", "glagent-", "glft-", "glimt-", "glffct-", "gloas-", "GR1348941", "ATATT3", "ATCTT3", "ATBB", "npm_",
    "pypi-", "rubygems_", "dckr_pat_", "dckr_oat_", "CCIPAT_", "CCIPRJ_", "bkua_", "bkct_", "bkrt_", "CLOJARS_",
    "AKCp", "cmVmdGtu", "sqp_", "sqa_", "squ_", "sgp_", "snyk_", "tfp_", "cio_",
    # services
    "xapp-", "whsec_", "sk-ant-", "sk-proj-", "sk-svcacct-", "sk-admin-", "sk-or-", "sk_live_", "sk_test_",
    "rk_live_", "rk_test_", "hf_", "gsk_", "xai-", "r8_", "pplx-", "glsa_", "glc_", "NRAK-", "NRJS-", "NRII-",
    "NRIQ-", "shpat_", "shpca_", "shppa_", "shpss_", "lin_api_", "lin_oauth_", "dp.st.", "dp.pt.", "dp.ct.",
    "dp.sa.", "dp.scim.", "dp.audit.", "tskey-", "PMAK-", "figd_", "figu_", "ntn_", "dt0c01.", "dt0s01.", "dt0s16.",
    "sntrys_", "sntryu_", "aio_", "EZAK", "EZTK", "duffel_live_", "duffel_test_", "rdme_", "xaat-", "shippo_live_",
    "shippo_test_", "ops_eyJ", "xkeysib-", "xsmtpsib-", "sq0csp-", "sq0atp-", "FLWSECK-", "FLWSECK_TEST-",
    "apify_api_", "nvapi-", "tvly-", "phc_", "phx_", "whpg_", "ctx7sk-", "lsv2_pt_", "lsv2_sk_", "pat-na1-",
    "pat-eu1-", "secret-token:", "AGE-SECRET-KEY-1", "hvs.", "hvb.", "hvr.", "ya29.", "sha256~", "mpk_", "zpka_",
    "hcaik_", "hcxik_", "hcbik_", "hcmik_", "re_", "rpa_", "csk-", "tgp_v1_", "jina_", "pcsk_", "e2b_", "pylf_v1_",
    "AVNS_", "APP_USR-", "rzp_live_", "rzp_test_", "access-production-", "access-sandbox-", "amzn.mws.", "v1.0-",
    "SWMTKN-1-", "y0_", "t1.", "EXO", "SCW", "GOOG1E", "AKLT", "PMAT-", "NRAL-", "NRRA-", "glrtr-", "glwt-", "vercel_",
    "pat_", "at_", "xoxe-", "mfa.", "EAAC", "IGQV", "ATOA", "sk_prod_", "whk_", "dtn_", "ddp_", "st.", "ops_",
    "LTAI", "AKID", "AIza", "SG.", "kgat_", "sk-lf-", "pk-lf-", "thub_", "fio-u-",
)  # fmt: skip
_REST: Final = rb"[A-Za-z0-9_=+/.-]"
_PREFIXED: Final = LatePattern(
    rb"(?:^|[^A-Za-z0-9_.-]|\\[nrt])((" + "|".join(map(re2.escape, _PREFIXES)).encode() + rb")(" + _REST + rb"{3,}))"
)
_LONG_PART: Final = LatePattern(rb"[A-Za-z0-9]{8,}")
_SHORTEST_CUT: Final = 3
_CUT: Final = ("…".encode(), b"...")

_OWN: Final = tuple(
    LatePattern(pattern)
    for pattern in (
        rb"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{4,16}(?:\z|\.\.\.|" + "…".encode() + rb")",
        rb"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16,}\b",
        rb"\bxox[a-z](?:\.xox[a-z])?-[\w-]{6,}",
        rb"\bsk-[A-Za-z0-9]{32,}",
        rb"\bSK[0-9a-fA-F]{32}\b",
        rb"\bkey-[a-f0-9]{32}\b",
        rb"\bdapi[a-f0-9]{16,}",
        rb"\b[0-9]{8,10}:AA[\w-]{30,}",
        rb"\b[A-Za-z0-9]{14}\.atlasv1\.[\w-]{20,}",
        rb"\b[sp]k\.eyJ[\w-]{20,}(?:\.[\w-]*)?",
        rb"\bpat[A-Za-z0-9]{14}\.[a-f0-9]{32,}",
        rb"\b[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{20,}",
        rb"\bFlyV1 [\w.,+/=-]{20,}",
        rb"\bcio[A-Za-z0-9]{32}\b",
        rb"\bsl\.[\w-]{60,}",
        rb"\boy2[a-z0-9]{43}\b",
        rb"\b(?:sdk|mob)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",
        # Discord, Mailchimp, FCM, Google's refresh tokens, Twitter, Azure's marked keys, Rancher, k3s, Okta, ngrok.
        rb"\b[MNO][\w-]{22,26}\.[\w-]{6}\.[\w-]{27,}",
        rb"\b[0-9a-f]{32}-us[0-9]{1,2}\b",
        rb"\bAAAA[\w-]{7}:[\w-]{100,}",
        rb"\b1//0[\w-]{20,}",
        rb"\bA{18,}[\w%]{20,}",
        rb"\b[A-Za-z0-9+/]{20,}(?:JQQJ99|AzFu|ACDb|AStx|APIM|AzCa|AzSe)[A-Za-z0-9+/]{5,}={0,2}",
        rb"\btoken-[a-z0-9]{5}:[a-z0-9]{40,}",
        rb"\bK10[0-9a-f]{50,}(?:::\w+:\S+)?",
        rb"\b00[A-Za-z0-9_-]{40}\b",
        rb"\b[12][A-Za-z0-9]{26}_[A-Za-z0-9]{18,}",
        rb"\b0\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[\w:+/=]{20,}",
        # Seeds of NATS: users, accounts, operators, servers.
        rb"\bS[UANOCX][A-Z2-7]{56}\b",
    )
)
# A short prefix and a long random part: the form that most vendors choose now.
_UNKNOWN: Final = LatePattern(rb"\b([A-Za-z][A-Za-z0-9]{0,9}[_-](?:[a-z0-9]{1,8}[_-]){0,2})([A-Za-z0-9]{28,})")
_DIGEST: Final = LatePattern(rb"(?i)(?:sha|md|h)[0-9]+[_-]")
# Shapes that a name of another kind may have as well: older Vault tokens, bootstrap tokens of kubeadm.
_DOUBTFUL: Final = (
    LatePattern(rb"(?:^|[^\w.])(s\.[A-Za-z0-9]{24})(?:[^\w.]|\z)"),
    LatePattern(rb"(?:^|[^\w.-])([a-z0-9]{6}\.[a-z0-9]{16})(?:[^\w.-]|\z)"),
)
# The names of events end with a time: victim.18ea550d4994948d.
_EVENT_TIME: Final = LatePattern(rb"1[5-9a-f][0-9a-f]{14}")


def _keyword_set(keywords: Iterable[str]) -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.never_capture = True
    found = re2.Set.SearchSet(options)
    for keyword in keywords:
        found.Add(re2.escape(keyword).encode())
    found.Compile()
    return found


_KEYWORDS: Final = tuple(sorted({keyword for rule in _RULES for keyword in rule["keywords"]}))
_KEYWORD_SET: Final = _keyword_set(_KEYWORDS)
_RULES_OF: Final = {
    keyword: tuple(number for number, rule in enumerate(_RULES) if keyword in rule["keywords"]) for keyword in _KEYWORDS
}


@cache
def _compiled(number: int) -> Any:
    return LatePattern(_RULES[number]["regex"].encode())


def _rules_for(buffer: bytes) -> tuple[int, ...]:
    """Return the numbers of the listed rules whose keywords occur in the text."""
    found = _KEYWORD_SET.Match(buffer) or ()
    return tuple(sorted({number for index in found for number in _RULES_OF[_KEYWORDS[index]]}))


def _hide_by_rule(found: Match, rule: Mapping[str, Any]) -> bytes:
    group = rule.get("group") or (1 if found.re.groups == 1 and found[1] else 0)
    value = bytes(found[group])
    return hide_if(not value.startswith(PAGE_TOKEN) and entropy(value) >= rule.get("entropy", 0), found, group)


def _hide_prefixed(found: Match) -> bytes:
    """Hide the token; keep words that begin like one, such as npm_config_registry."""
    rest = bytes(found[3]).rstrip(b".")
    cut = (
        found.end() == len(found.string)
        or rest != found[3]
        or found.string[found.end() : found.end() + 3].startswith(_CUT)
    )
    part = rest if cut else max(_LONG_PART.findall(rest), key=len, default=b"")
    mixed = counts(part[:80])[2] or not (part.islower() or part.isupper())
    if len(part) < _SHORTEST_CUT or not mixed:
        return bytes(found[0])
    start = found.start(1) - found.start()
    return hide_spans(bytes(found[0]), [(start, start + len(found[2]) + len(rest))])


def _hide_unknown(found: Match) -> bytes:
    """Hide a long part that mixes cases and digits evenly; keep digests and names."""
    long = bytes(found[2])
    is_random = looks_generated(long) and not long.isupper() and not long.islower() and entropy(long[:200]) > 4
    return hide_if(is_random and not _DIGEST.match(found[1]), found, 0)


def _hide_doubtful(found: Match) -> bytes:
    """Hide what has digits in its long part; keep dotted names of code and hosts."""
    long = bytes(found[1]).rpartition(b".")[2]
    capitals, _, digits = counts(long)
    is_random = (digits or capitals >= 6) and entropy(long) > 2.5
    return hide_if(is_random and not _EVENT_TIME.fullmatch(long), found, 1)


_UNLISTED: Final = stage_of(
    [
        (_PREFIXED, _hide_prefixed),
        (_UNKNOWN, _hide_unknown),
        *((pattern, lambda found: hide_groups(found, 0)) for pattern in _OWN),
        *((pattern, _hide_doubtful) for pattern in _DOUBTFUL),
    ]
)


def _hide_tokens(buffer: bytes) -> bytes:
    for number in _rules_for(buffer):
        rule = _RULES[number]
        buffer = _compiled(number).sub(lambda found, rule=rule: _hide_by_rule(found, rule), buffer)
    return _UNLISTED[1](buffer)


_ANY_KEYWORD: Final = LatePattern(b"(?i:" + "|".join(map(re2.escape, _KEYWORDS)).encode() + b")")
TOKENS: Final = ((*_UNLISTED[0], _ANY_KEYWORD), _hide_tokens)

# --- values that only their own look gives away ---------------------------------------------------------------------
_LONG: Final = LatePattern(rb"(\bsha(?:256|384|512)-|\bh1:)?[A-Za-z0-9+/]{60,}={0,2}")
# Names of long values that are public: request ids, digests, certificates, files of a ConfigMap.
_PUBLIC_NAME: Final = LatePattern(
    rb"(?i)(?:\bbinaryData:\s+[\w.-]+|\b(?:[\w-]*[_-])?(?:id(?:-[0-9])?|digest|checksum|hash|sum|integrity|etag|fingerprint|sha[0-9]*|h[0-9]"
    rb"|md5|cert|certificate|ca|cabundle|bundle|publickey|public[_-]key|pubkey|x5c|n|iv|metadata|continue|cursor|accept|bin|traceparent|tracestate|baggage|bookmark|version|revision|request|ray|bh|kid|[ac-z][0-9]{1,3}))"
    rb"\\*[\"']?[ \t]*[:=][ \t]*\[?\s*\\*[\"']?$"
)
_FEW: Final = 3
# name=…, "name": "…": forty characters as in keys of clouds.
_ASSIGNED: Final = LatePattern(
    rb"[A-Za-z0-9_.-]{1,40}\\*[\"']?\]?[ \t]*(?::=|=>|[:=])[ \t]*"
    rb"\\*[\"'`]?([A-Za-z0-9+/_-]{32,}={0,2})(?:[^A-Za-z0-9+/_.:@-]|\z)"
)
# A word with a sign in it, alone or quoted: Abc1!xyz9
_WORD_WITH_SIGN: Final = LatePattern(
    rb"(?:^|[\s=:\"'`])[\"'`]?([A-Za-z0-9][A-Za-z0-9+_.-]{0,30}[!@#$%^&*?~][A-Za-z0-9!@#$%^&*?~+_.-]{0,30})[\"'`]?(?:[\s,;)\"'`]|\z)"
)
_SIGN: Final = re.compile(rb"[!#$^&*?~]|%(?![0-9A-Fa-f]{2})|@(?![A-Za-z0-9-]+\.)")
# A character of HTML: sshPassword&#61;
_ENTITY: Final = re.compile(rb"&(?:#[0-9xX]|(?:amp|quot|apos|lt|gt|equals|colon)\b)")
_PART: Final = re.compile(rb"[A-Za-z0-9]{12,}")


def _hide_mixed(found: Match) -> bytes:
    """Hide base64 of random bytes, which mixes cases and digits; keep paths, hex digests and camel-case words."""
    value: bytes = found[0]
    if found[1] or _PUBLIC_NAME.search(found.string[max(0, found.start() - 60) : found.start()]):
        return value
    # Eighty characters are enough to tell, and the value may be a megabyte.
    return hidden(value) if min(counts(value[:80])) >= _FEW else value


def _hide_assigned(found: Match) -> bytes:
    value = bytes(found[1])[:200]
    before = found.string[max(0, found.start(1) - 60) : found.start(1)]
    is_key = min(counts(value)) >= _FEW and entropy(value) > 4 and any(map(looks_mixed, _PART.findall(value)))
    return hide_if(is_key and not _PUBLIC_NAME.search(before), found, 1)


def _hide_word(found: Match) -> bytes:
    value = bytes(found[1])
    is_mixed = 8 <= len(value) <= 32 and all(counts(value)) and not _ENTITY.search(value)
    return hide_if(is_mixed and _SIGN.search(value[1:]) and FILL not in value, found, 1)


# Base64 of random bytes; values that are assigned, quoted or alone.
LONG: Final = stage_of([(_LONG, _hide_mixed)])
LONE: Final = stage_of([(_ASSIGNED, _hide_assigned), (_WORD_WITH_SIGN, _hide_word)])
