"""Hide secrets of terminal sessions and of protocols, which no name right before them announces.

Handles what a command prints that reads a secret (`… | base64 -d`, `echo $TOKEN`), what is piped into a command that
wants one, `AUTH user …` and its like in Redis, SMTP, IMAP and FTP, directives of network devices, lines of files with
users and passwords, and the rest of a token that was wrapped. Works on UTF-8 bytes, as `responses.named_secrets` does.
"""

from __future__ import annotations

from typing import Final

from responses.late_patterns import LatePattern
from responses.secret_buffer import FILL, Match, hidden, hide_groups, looks_generated, looks_random
from responses.secret_names import KEY_KINDS
from responses.secret_values import is_no_secret

_SECRET_WORD: Final = (
    rb"(?i:pass|pwd|secret|token|credential|(?:" + "|".join(sorted(KEY_KINDS)).encode() + rb")[_-]?key)"
)
_PROMPT: Final = rb"(?m)^(?:[^\n]{0,80}[$#>%][ \t]+|[ \t]*)"
_VALUE: Final = rb"(\"[^\"\n]+\"|'[^'\n]+'|[^\s\"'|;&]+)"
_LINE: Final = rb"[ \t]*\r?\n[ \t]*[\"']?([^\s\"'$#]{6,})[\"']?[ \t]*(?:\r?$|[$#%])"

# The next line is what the command printed.
_PRINTED: Final = tuple(
    LatePattern(_PROMPT + command + _LINE)
    for command in (
        rb"[^\n]*"
        + _SECRET_WORD
        + rb"[^\n]*\|[ \t]*(?:base64|openssl base64|b64)[^\n|]*[ \t]-{1,2}(?:d|D|decode)[^\n]*",
        rb"(?:echo|printenv|print|printf)[ \t]+[\"']?\$?\{?\w*" + _SECRET_WORD + rb"\w*\}?[\"']?",
        rb"(?:sudo[ \t]+|kubectl[ \t]+exec[^\n]*[ \t]|docker[ \t]+exec[^\n]*[ \t])?cat[ \t]+\S*"
        + _SECRET_WORD
        + rb"\S*",
        rb"[^\n]*(?:gcloud[ \t]+secrets[ \t]+versions[ \t]+access|az[ \t]+keyvault[ \t]+secret[ \t]+show"
        rb"|kubectl[ \t]+view-secret|argocd[ \t]+admin[ \t]+initial-password|get-secret-value|get-parameter[ \t]"
        rb"[^\n]*--with-decryption|lpass[ \t]+show|security[ \t]+find-\w+-password|gopass[ \t]+show)[^\n]*",
        rb"[^\n]*(?:vault[ \t]+(?:kv[ \t]+get|read)[ \t][^\n]*-field[= ]|pass[ \t]+show[ \t]|op[ \t]+read[ \t]"
        rb"|bw[ \t]+get[ \t]+password)[^\n]*",
        rb"[^\n]*(?:print-access-token|print-identity-token|get-login-password|get-access-token|oc[ \t]+whoami[ \t]+-t"
        rb"|gh[ \t]+auth[ \t]+token|kubectl[ \t][^\n]*create[ \t]+token|kubeadm[ \t]+token[ \t]+(?:create|generate)"
        rb"|certs[ \t]+certificate-key|pwgen|openssl[ \t]+rand|initial-?admin-?password|reset-password)[^\n]*",
        rb"[^\n]*kubectl[ \t][^\n]*get[ \t]+secrets?[ \t][^\n]*(?:jsonpath|go-template|template)[^\n]*",
    )
)
_LISTED: Final = LatePattern(
    rb"(?i)config[ \t]+get[ \t]+(?:requirepass|masterauth|\S*pass\S*)[ \t]*\r?\n[^\n]*\r?\n(?:2\)["
    rb" \t]*)?[\"']?([^\s\"']{3,})"
)
_PIPED: Final = LatePattern(
    rb"\b(?:echo|printf)[ \t]+(?:-[neE]+[ \t]+)*(?:[\"']%s(?:\\n)?[\"'][ \t]+)?"
    + _VALUE
    + rb"[ \t]*\|[^\n|]*(?:"
    + _SECRET_WORD
    + rb"|--stdin|-stdin|\bsudo[ \t]+-S|\blogin\b|\bgpg\b|\bcryptsetup\b|\bkinit\b)"
)
# Written to a file whose name tells; encoded.
_WRITTEN: Final = LatePattern(
    rb"\b(?:echo|printf)[ \t]+(?:-[neE]+[ \t]+)*" + _VALUE + rb"[ \t]*>{1,2}[ \t]*[\w./~-]*" + _SECRET_WORD
)
_ENCODED: Final = LatePattern(
    rb"\b(?:echo|printf)[ \t]+(?:-[neE]+[ \t]+)*"
    + _VALUE
    + rb"[ \t]*\|[ \t]*(?:base64|openssl[ \t]+(?:base64|passwd|dgst)|mkpasswd|wc[ \t]+-c)"
)
# Redis shows commands quoted; SMTP asks for the password in base64.
_QUOTED_COMMANDS: Final = (
    LatePattern(rb"\"(?i:auth)\"(?:[ \t]+\"[\w.-]+\")?[ \t]+(\"[^\"\n]+\")"),
    LatePattern(rb"\"(?i:requirepass|masterauth|sentinel-pass)\"[ \t]+(\"[^\"\n]+\")"),
    LatePattern(rb"\b334 UGFzc3dvcmQ6[ \t]*\r?\n(?:[><CS-]{1,3}:?[ \t]*)?([^\s]+)"),
)
_HERE: Final = LatePattern(
    rb"\b(?:kinit|sudo[ \t]+-S|passwd|cryptsetup|gpg|docker[ \t]+login|vault[ \t]+login)\b[^\n<]*<<<[ \t]*" + _VALUE
)
# Protocols and directives: words, then the value.
_DIRECTIVES: Final = tuple(
    LatePattern(rb"(?:" + words + rb")[ \t]+" + _VALUE)
    for words in (
        # Redis, SMTP, IMAP, FTP, SCRAM.
        rb"(?m:^[^\n]{0,60}>|^|\")[ \t]*(?:AUTH|HELLO[ \t]+[23][ \t]+AUTH)(?:[ \t]+[\w.@-]+)?",
        rb"\bAUTH[ \t]+(?:PLAIN|LOGIN|CRAM-MD5|XOAUTH2|NTLM)",
        rb"(?m:^[><CS: \t]*[A-Za-z]{0,4}[0-9]{1,6}[ \t]+)LOGIN[ \t]+\S+",
        rb"\bLOGIN[ \t]+\S+@\S+",
        rb"(?i:\bsnmp-server[ \t]+community|\br[ow]community6?|\bcommunity[ \t]+string(?:[ \t]+is)?)",
        rb"(?i:\b(?:secret|password|key-string|md5-key|key|authentication-key)[ \t]+(?:sha512|ascii-text"
        rb"|encrypted|[0-9]))",
        rb"(?i:\b(?:tacacs-server|radius-server|tacacs|radius)[ \t]+(?:host[ \t]+\S+[ \t]+)?key)",
        rb"(?i:\bneighbor[ \t]+\S+[ \t]+password|\bwpa[-_]psk(?:[ \t]+ascii(?:[ \t]+[0-9])?)?"
        rb"|\bpre-shared-key(?:[ \t]+ascii-text|[ \t]+local|[ \t]+remote)?)",
        # .netrc and sentences of its form.
        rb"(?i:\b(?:login|user|username|account)[ \t]+[\w.@\\-]+(?:,|[ \t]+and|[ \t]+with)?[ \t]+(?:password"
        rb"|passwd|pass|pwd|pw))",
        rb"(?i:\busing|\bconnect[ \t]+to[ \t]+\S+[ \t]+user[ \t]+\S+[ \t]+using)(?:[ \t]+password)",
    )
)
_VARIABLE: Final = LatePattern(rb"\$[A-Za-z_{(]\w*(?:[}):]|\z)")
_DEVICES: Final = tuple(
    LatePattern(words + rb"[ \t]+" + _VALUE)
    for words in (
        rb"(?:\bsnmp-server[ \t]+community|\br[ow]community6?|\bwpa-psk|\bpre-shared-key"
        rb"|(?m:^[ \t]*(?:enable|username[ \t]+\S+)[ \t]+(?:password|secret)(?:[ \t]+[0-9])?)"
        rb"|\b(?:in)?secure-password|\bpassword[ \t]+[057]"
        rb"|\bsecret[ \t]+[045789]|\b(?:tacacs|radius)-server[ \t]+(?:host[ \t]+\S+[ \t]+)?key)",
        rb"(?m:^[><CS: \t]*[A-Za-z]{0,4}[0-9]{1,6}[ \t]+)LOGIN[ \t]+\"[^\"\n]+\"",
    )
)
# A line of Redis with nothing else.
_AUTH_LINE: Final = LatePattern(
    rb"(?m)^(?:[^\n>]{0,60}>)?[ \t]*AUTH[ \t]+(?:[\w.@-]+[ \t]+)?" + _VALUE + rb"[ \t]*\r?$"
)
_FTP: Final = LatePattern(rb"(?m)^[>< \t]*(?:[0-9:.]{5,}[ \t]+)?PASS[ \t]+([^\s/]+)[ \t]*\r?$")
_ACL: Final = LatePattern(rb"(?i:\bacl[ \t]+setuser|\buser)[ \t]+[\w.-]+(?:[ \t]+[\w~*&+@:#-]+)*[ \t]+>([^\s\"'>]{3,})")
# Tokens with which a node joins a cluster: host:port/token.
_JOIN: Final = LatePattern(rb"\bjoin\b[^\n]{0,80}?:[0-9]+/([0-9A-Za-z]{16,}(?:/[0-9A-Za-z]+)?)")
# Lists of users: chpasswd of cloud-init, tokens of the API server.
_USERS: Final = LatePattern(
    rb"\bchpasswd:[ \t]*\r?\n(?:[ \t]+\w+:[^\n]*\r?\n)*?[ \t]+list:[^\n]*\r?\n((?:[ \t]+[- ]*[\w.-]+:[^\n]+\r?\n?)+)"
)
_USER_LINE: Final = LatePattern(rb"([\w.-]+:)([^\s\"']+)")
_TOKEN_FILE: Final = LatePattern(rb"(?m)^[ \t>]*([\w.+/=-]{12,}),[a-z][\w:@.-]*,[\w-]+,[\"']?system:[^\n]*$")
# A token at the end of a line, and the rest of it alone on the next one.
_WRAPPED: Final = LatePattern(rb"\x1a[\"']?[ \t]*\r?\n[ \t>|+-]*([A-Za-z0-9_+/=-]{8,})(?:[ \t]*\r?\n|\z)")

_ALL: Final = (_ENCODED, _LISTED, *_DIRECTIVES, _JOIN, _TOKEN_FILE)
# Here a plain word is a password as well.
_CERTAIN: Final = (*_PRINTED, _PIPED, _WRITTEN, *_QUOTED_COMMANDS, _HERE, _AUTH_LINE, _FTP, _ACL, *_DEVICES)
# If none of these matches, `hide_in_terminal` leaves a text as it is.
PATTERNS: Final = (*_ALL, *_CERTAIN, _USERS, _WRAPPED)


def hide_in_terminal(buffer: bytes) -> bytes:
    """Return the buffer with such values hidden."""
    for pattern in _ALL:
        buffer = pattern.sub(_hide, buffer)
    for pattern in _CERTAIN:
        buffer = pattern.sub(_hide_any, buffer)
    buffer = _USERS.sub(_hide_users, buffer)
    return bytes(_WRAPPED.sub(_hide_rest, buffer))


def _hide(found: Match) -> bytes:
    """Hide the value without its quotes; keep words, options and variables."""
    value = bytes(found[1])
    is_word = value.isalpha() and value.islower()
    return bytes(found[0]) if is_word else _hide_any(found)


def _hide_any(found: Match) -> bytes:
    """Hide the value without its quotes; keep options and variables."""
    whole: bytes = found[0]
    value = bytes(found[1])
    inner = value.strip(b"\"'")
    if inner.startswith(b"-") or _VARIABLE.match(inner) or is_no_secret(b"password", inner):
        return whole
    first = found.start(1) - found.start() + len(value) - len(value.lstrip(b"\"'"))
    return whole[:first] + hidden(inner) + whole[first + len(inner) :]


def _hide_users(found: Match) -> bytes:
    lines = _USER_LINE.sub(lambda user: hide_groups(user, 2), found[1])
    return bytes(found[0][: found.start(1) - found.start()]) + bytes(lines)


def _hide_rest(found: Match) -> bytes:
    rest = bytes(found[1])
    is_token = looks_generated(rest) and rest.lower() != rest and rest.upper() != rest
    return hide_groups(found, 1) if is_token and FILL not in rest and looks_random(rest) else bytes(found[0])
