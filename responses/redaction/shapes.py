"""Hide secrets that their own shape or an HTTP header, a URL or a key file gives away.

Private keys, JSON Web Tokens, credentials in URLs, every field of authorization headers, cookies and password hashes.
Certificates, public keys and digests are no secrets and stay.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

from responses.redaction.buffer import (
    FILL,
    PAGE_TOKEN,
    Hide,
    LatePattern,
    Match,
    hidden,
    hide_groups,
    hide_if,
    looks_random,
    stage_of,
)
from responses.redaction.names import is_no_secret, is_sentence

_KEY: Final = (
    rb"[A-Z0-9 ]{0,40}(?:(?:PRIVATE|SECRET|STATIC|SHARED|SYMMETRIC|SESSION|MASTER|ENCRYPTION|AES|HMAC) KEY(?:"
    rb" BLOCK| V[0-9])?"
    rb"|TOKEN|PASSWORD|SECRET|SEED)-----"
)
# The address of a webhook is enough to post there.
_WEBHOOKS: Final = (
    rb"hooks\.slack\.com/(?:services|workflows|triggers|commands|actions)/",
    rb"discord(?:app)?\.com/api/webhooks/[0-9]+/",
    rb"webhook\.office\.com/webhookb2/",
    rb"(?:feishu\.cn|larksuite\.com)/open-apis/bot/(?:v2/)?hook/",
    rb"qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?(?:[^\s\"'<>]*&)?key=",
    rb"api\.telegram\.org/bot",
    rb"hooks\.zapier\.com/hooks/catch/",
    rb"[\w-]+\.webhook\.office\.com/webhookb?2?/",
    rb"outlook\.office(?:365)?\.com/webhook/",
    rb"(?:hc-ping\.com|healthchecks\.io/ping|betterstack\.com/api/v1/heartbeat|uptime\.betterstack\.com/api/v1/heartbeat)/",
    rb"maker\.ifttt\.com/trigger/[^/\s]+/with/key/",
    rb"events\.pagerduty\.com/(?:integration|x-ere)/",
    rb"alert\.victorops\.com/integrations/generic/[0-9]+/alert/",
    rb"webhook\.site/",
)
_WITH_USER: Final = (
    rb"\b(?:postgres(?:ql)?|mysql|mariadb|rediss?|amqps?|mongodb(?:\+srv)?|mssql|sqlserver|clickhouse|nats"
    rb"|ldaps?|smtps?"
    rb"|s?ftp|https?)"
)
_USER: Final = rb"([A-Za-z][A-Za-z0-9+.-]*://[^\s/:@?#\"'<>]"
_SCHEME: Final = rb"(?i:bearer|basic|token|digest|negotiate|apikey|api-key|key|hawk|aws4-hmac-sha256|aws|oauth)"
_HEADER: Final = rb"(?i:authorization)\\*[\"']?\]?\s*(?:[:=]|=>)\s*\\*[\"'\[]?"
_FIELD: Final = LatePattern(
    rb"((?i:username|nonce|cnonce|response|opaque|credential|signature|oauth_\w+|mac|id|token|key)=\\*\"?)([^\s\",\\]+)"
)
# A header's fields that say nothing secret.
_OPEN_FIELD: Final = LatePattern(rb"(?i)(?:username|realm|uri|qop|nc|algorithm|signedheaders)=")
_COOKIE: Final = LatePattern(rb"([^\s;,=\"']+=)(\"?)([^;,\"'\\\s\]]+)")
_COOKIE_OPTION: Final = LatePattern(rb"(?i)(?:path|domain|expires|max-age|samesite|priority|version)=")
_VARIABLE: Final = LatePattern(rb"\$[A-Z][A-Z0-9_]+|\$\{[\w.:-]+\}|\$\([A-Z_]+\)|%[A-Z_]+%|<[\w -]+>")
_PORT: Final = LatePattern(rb"[0-9]{1,5}[/?#]")
_PUBLIC: Final = LatePattern(
    rb"-----BEGIN (?:(?:TRUSTED|NEW|RSA|DSA|EC|PGP|SSH2|X509|DH|CERTIFICATE|REQUEST|PUBLIC|KEY|BLOCK|CRL|PKCS7"
    rb"|CMS|SIGNATURE|SIGNED"
    rb"|MESSAGE|PARAMETERS|ATTRIBUTE) ?)+-----(?:\s+[A-Z]\w+: [^\n]*)*"
    rb"((?:(?:\s|\\+[nr])+[A-Za-z0-9+/=]{1,76})+)"
    # A public key of SSH; pictures and fonts in a data URL.
    rb"|\b(?:ssh-(?:rsa|dss|ed25519)|(?:sk-)?ecdsa-sha2-[\w-]+|sk-ssh-[\w@.-]+)\s+(AAAA[A-Za-z0-9+/=]{16,})"
    rb"|\bdata:(?:image|font|audio|video)/[\w.+-]{1,40};base64,([A-Za-z0-9+/=]{16,})"
)
_ENCODED_PEM: Final = LatePattern(rb"\bLS0tLS1[A-Za-z0-9+/]{8,}={0,2}")
_JWT: Final = rb"eyJ[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*){0,4}"


def _group(*groups: int) -> Hide:
    return lambda found: hide_groups(found, *groups)


def public_spans(buffer: bytes) -> list[tuple[int, int]]:
    """Return where certificates and public keys stand, which may look like secrets: PEM, or base64 of it."""
    spans = [found.span(found.lastindex) for found in _PUBLIC.finditer(buffer)]
    return spans + [found.span() for found in _ENCODED_PEM.finditer(buffer) if _is_public(bytes(found[0]))]


def _is_public(value: bytes) -> bool:
    """Return whether base64 holds certificates or public keys and nothing else."""
    whole = value.rstrip(b"=")
    try:
        text = base64.b64decode(whole[: len(whole) - len(whole) % 4], validate=True)
    except binascii.Error:
        return False
    return (
        text.startswith((b"-----BEGIN CERT", b"-----BEGIN PUBLIC", b"ssh-rsa ", b"ssh-ed25519 "))
        and b"PRIVATE" not in text
    )


def _basic(found: Match) -> bytes:
    """Hide `Basic dXNlcjpwYXNz`, which decodes to user:password; keep `basic authentication`."""
    value: bytes = found[2]
    try:
        decoded = base64.b64decode(value + b"=" * (-len(value) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return bytes(found[0])
    return hide_if(":" in decoded and decoded.isprintable(), found, 2)


def _bearer(found: Match) -> bytes:
    value: bytes = found[2]
    # A word, or only the prefix of a token: Bearer xoxb-…
    is_word = (value.isalpha() and (len(value) < 20 or value.islower())) or value.rstrip(b"`.-").isalpha()
    is_placeholder = value.startswith((b"$", b"<", b"{{", b"%")) or not value.strip(b".*")
    return hide_if(not (is_word or is_placeholder or FILL in value), found, 2)


def _user_info(found: Match) -> bytes:
    """Hide user:…@host; keep USER:PASSWORD@HOST and variables, which stand for it."""
    is_variable = found[2] in (b"PASSWORD", b"PASS", b"TOKEN") or _VARIABLE.fullmatch(found[2])
    return hide_if(not is_variable, found, 2)


def _random_part(found: Match) -> bytes:
    """Hide the last part of a hook's path; keep words, which admission webhooks have there."""
    return hide_if(looks_random(found[2]), found, 2)


def _odd_user_info(found: Match) -> bytes:
    """Hide user:pass/word@host; keep host:5000/image@sha256:…"""
    return hide_if(not _PORT.match(found[2]), found, 2)


def _fields(found: Match) -> bytes:
    """Hide the fields of a Digest, AWS4, OAuth or Hawk header; keep the realm, the path and the user."""
    fields = _FIELD.sub(lambda field: hide_if(not _OPEN_FIELD.match(field[0]), field, 2), found[0][len(found[1]) :])
    return bytes(found[1]) + bytes(fields)


def _cookies(found: Match) -> bytes:
    cookies = _COOKIE.sub(lambda one: hide_if(not _COOKIE_OPTION.match(one[0]), one, 3), found[2])
    return bytes(found[1]) + bytes(cookies)


_TOKEN_LINE: Final = LatePattern(rb"[A-Za-z0-9_-]*[0-9_][A-Za-z0-9_.-]*")


def _wrapped_token(found: Match) -> bytes:
    """Hide a token and the lines that continue it; a line of letters only is a word."""
    lines = bytes(found[0]).split(b"\n")
    if lines[0].startswith(PAGE_TOKEN):
        return bytes(found[0])
    kept = 1
    while kept < len(lines) and _TOKEN_LINE.fullmatch(lines[kept].strip(b" \t\r>|+-")):
        kept += 1
    rest = b"".join(b"\n" + line for line in lines[kept:])
    return hidden(b"\n".join(lines[:kept])) + rest


SHAPES: Final = stage_of(
    (
        (rb"(?s)-----BEGIN " + _KEY + rb".*?-----END " + _KEY, _group(0)),
        # Cut off before its end.
        (
            rb"-----BEGIN " + _KEY + rb"(?:(?:\s|\\+[nr])*[A-Za-z0-9+/]{16,}={0,2})*"
            rb"(?:(?:\s|\\+[nr])*[A-Za-z0-9+/]+={1,2})?",
            _group(0),
        ),
        (rb"(?m)(?:^Private-Lines:[ \t]*[0-9]+|^Private-MAC:)((?:\s+[A-Za-z0-9+/=]{16,}[ \t]*$)+)", _group(1)),
        # "eyJ" is the base64 of '{"'. A terminal or a chat may have wrapped the token: the next lines are part of it.
        (
            rb"(?m)\b" + _JWT + rb"(?:[ \t]*\r?\n[ \t>|+-]*[A-Za-z0-9_-][A-Za-z0-9_.-]{7,}[ \t]*$)*"
            rb"(?:[ \t]*\r?\n[ \t>|+-]*[A-Za-z0-9_-]{12,})?",
            _wrapped_token,
        ),
        (rb"(?:" + b"|".join(_WEBHOOKS) + rb")([^\s\"'<>\\]+)", _group(1)),
        # The path alone, as libraries log it.
        (rb"/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/([A-Za-z0-9]{16,})", _group(1)),
        # Mattermost, Rocket.Chat and others that anybody may host.
        (
            rb"(://[\w.-]+(?::[0-9]+)?/(?:[\w-]+/){0,4}(?:hooks?|webhooks?|incoming-webhooks?|heartbeat)/(?:[\w.-]+/){0,3}?)"
            rb"([A-Za-z0-9_-]{16,})",
            _random_part,
        ),
        # Password hashes of htpasswd and shadow files.
        (
            rb"\$(?:apr1|1|2[abxy]?|[5-9]|g?y|ml|md5|sha1|scrypt|P|H|S|argon2\w{1,2}|(?:pbkdf2|bcrypt|scrypt)[\w-]*)\$"
            rb"[^\s\"':]{8,}",
            _group(0),
        ),
        (rb"\bSCRAM-SHA-(?:1|256|512)\$[0-9]+:[\w+/=:$]{16,}", _group(0)),
        (rb"\b(?:pbkdf2|bcrypt|scrypt|argon2)(?:_\w+)?\$[^\s\"']{16,}", _group(0)),
        (rb"\{(?:S?SHA(?:256|512)?|S?MD5|CRYPT|PBKDF2[\w-]*|ARGON2)\}[^\s\"']{8,}", _group(0)),
        (rb"[\"' ]((?:md5[0-9a-f]{32}|\*[0-9A-F]{40}))(?:[\"'\s]|\z)", _group(1)),
        (rb"\b[0-9a-f]{32}:[0-9a-f]{32}:::", _group(0)),
        (rb"(" + _HEADER + rb"(?i:digest|aws4-hmac-sha256|oauth|hawk|signature|token)[ \t]+)\w+=[^\r\n]+", _fields),
        (rb"(" + _HEADER + _SCHEME + rb"[ \t]+)([^\s\"'\\\]]+)", _bearer),
        (rb"(" + _HEADER + rb")([\w.~+/=-]{16,})", _bearer),
        # A scheme of a vendor: Authorization: SSWS …
        (rb"(" + _HEADER + rb"[A-Za-z][\w-]{1,30}[ \t]+)([\w.~+/=:-]{12,})", _bearer),
        (rb"((?i:\b(?:set-)?cookie)\\*[\"']?(?::|=>|=)[ \t]*\\*[\"'\[]?)([^\s;=\"'\\]+=[^\r\n]+)", _cookies),
        (rb"((?i:\bbearer)[ \t]+)([\w.~+/-]{8,}=*)", _bearer),
        (rb"((?i:\bbasic)[ \t]+)([A-Za-z0-9+/]{6,}={0,2})", _basic),
        (_USER + rb"*:)([^\s/?#\"'<>]+)(@)", _user_info),
        # A password that should have been percent-encoded and was not.
        (_USER + rb"*:)([^\s/?#\"'<>@]*[/?#][^\s\"'<>@]*)(@)", _odd_user_info),
        (rb"([A-Za-z][A-Za-z0-9+.-]*://)([^\s/:@?#\"'<>]{20,})((?::[^\s/@\"'<>]*)?@)", _group(2)),
        # Cut off before its host: a port is a number.
        (
            rb"(" + _WITH_USER + rb"://[^\s/:@?#\"'<>]+:)([^\s/:@\"'<>]*[A-Za-z][^\s/:@\"'<>]*)((?:[\"'\s]|\z))",
            _group(2),
        ),
        # Go's MySQL driver: user:password@tcp(host:3306)/db
        (rb"(\b[\w.-]+:)([^\s:\"'(){}]+)(@(?:tcp\b|unix\b|udp\b|\())", _group(2)),
        (
            rb"([?&;](?i:sig|signature|x-amz-signature|x-amz-credential|x-goog-signature|code|access_token)=)"
            rb"([^\s&\"'<>]{8,})",
            _group(2),
        ),
        (rb"(?i:\"auth\\*\"\s*:\s*\\*\")([A-Za-z0-9+/=]{4,})", _group(1)),
        (rb"(\bauth:[ \t]+)([A-Za-z0-9+/]{6,}={0,2})", _basic),
        (rb"(?i:\b_?auth)[ \t]*=[ \t]*[\"']?([A-Za-z0-9+/]{16,}={0,2})", _group(1)),
        # Base64 of "-----BEGIN": keys and certificates in kubeconfigs and Secrets.
        (_ENCODED_PEM, _group(0)),
        (rb"(?i:client-key-data)\\*[\"']?:[ \t]*\\*[\"']?([A-Za-z0-9+/=]{8,})", _group(1)),
    )
)


# --- arguments of calls ---------------------------------------------------------------------------------------------
_LITERAL_ARGUMENT: Final = rb"[bru@]?(?:\\?\"([^\"\n\\]{3,})\\?\"|'([^'\n]{3,})'|`([^`\n]{3,})`)"
_ARGUMENT: Final = rb"(?:[bru@]?(?:\\?\"[^\"\n]*\"|'[^'\n]*')|[\w.$&@:/-]+(?:\([^()\n]{0,40}\))?)"
_COMMA: Final = rb"\s*,\s*"


def _hide_argument(found: Match) -> bytes:
    value = bytes(found[found.lastindex])
    return hide_if(not is_no_secret(b"password", value) and not is_sentence(value), found, found.lastindex)


CALLS: Final = stage_of(
    (pattern, _hide_argument)
    for pattern in (
        # A user and the password: basicAuth("a", "…"), new NetworkCredential("a", "…")
        rb"(?i:\b(?:\w*basic_?auth(?:entication)?|db\.auth|\w*authenticat(?:e|or)|\w*(?:network|ps|client|username"
        rb"|usernamepassword|static)_?credentials?|usernamepassword\w*|\w*(?:login|log_in|signin|sign_in)"
        rb"|set_?credentials|with_?credentials|plainauth(?:enticator)?))\s*\(\s*"
        + _ARGUMENT + _COMMA + rb"(?:" + _ARGUMENT + _COMMA + rb")?" + _LITERAL_ARGUMENT + rb"\s*[,)]",
        # An address, a user, and the password.
        rb"(?i:\b(?:get_?connection|mysqli(?:_connect)?|pdo|\w*(?:mysql|mariadb|pg|db|sql|mongo|ftp|ssh|imap)\w*\.connect|\w+(?:\.|->|::)connect|connect_?db"
        rb"|newdatasource|login_?to))\s*\(\s*(?:" + _ARGUMENT + _COMMA + rb"){2}" + _LITERAL_ARGUMENT + rb"\s*[,)]",
        rb"(?i:\bPlainAuth)\s*\(\s*(?:" + _ARGUMENT + _COMMA + rb"){2}" + _LITERAL_ARGUMENT,
        # Keys for signing and encrypting.
        rb"(?i:\bjwt\.(?:sign|verify|encode|decode)|\bsign_?jwt|\bcreatehmac|\bhash_hmac|\bpgp_sym_(?:en|de)crypt|\b(?:en|de)crypt)\s*\(\s*"
        + _ARGUMENT + _COMMA + _LITERAL_ARGUMENT,
        rb"(?i:\bhmac\.new|\bfernet|\bhmac_?sha\w*|\bsigningkey|\bsecretkeyspec|\bcreatecipher\w*|\bcookieparser|\bcookie_?session)"
        rb"\s*\(\s*" + _LITERAL_ARGUMENT,
        rb"(?i:\bconvertto-securestring)(?:\s+-(?i:string|asplaintext|force))*\s+" + _LITERAL_ARGUMENT,
        # A default: 'password' => env('DB_PW', '…')
        rb"(?i:\b[\w.-]{0,40}(?:pass(?:word|wd|phrase)?|secret|token|(?:api|access|private)_?key)\\?[\"']?\s*(?:=>|:=|=|:)\s*"
        rb"[\w.]{2,40}\(\s*[\"'][\w.-]{1,60}[\"']\s*,\s*)" + _LITERAL_ARGUMENT + rb"\s*\)",
    )
)  # fmt: skip
