"""Hide secrets by their place in a command, in what a terminal shows, in a protocol, a file format or a call of code.

Handles `mysql -p…`, `--from-literal=key=…`, `htpasswd -b`, `chpasswd`, `.pgpass`, `IDENTIFIED BY '…'`,
user:password@host and what stands after a slash in "creds: admin/…"; what a command prints that reads a secret
(`… | base64 -d`, `echo $TOKEN`), what is piped into a command that wants one, `AUTH user …` and its like in Redis,
SMTP, IMAP and FTP, directives of network devices, lines of files with users and passwords, and the rest of a token
that was wrapped; and arguments of functions whose name says that one is secret: login("user", "…"), HMAC keys.
"""

from __future__ import annotations

from typing import Any, Final

import re2

from responses.redaction.buffer import (
    FILL,
    LatePattern,
    Match,
    hide_groups,
    hide_if,
    hide_inner,
    looks_generated,
    looks_random,
    stage_of,
)
from responses.redaction.names import KEY_KINDS, Look, is_disguised, is_no_secret, look_of
from responses.redaction.values import is_plain_password

_QUOTED: Final = rb"\"[^\"\n]*\"|'[^'\n]*'"
_NEXT: Final = rb"\\*[\"']?\s*,\s*"
_FLAG: Final = (
    rb"(?:^|[\s\"'\[({,;=])--?(?:[A-Za-z0-9_-]*[_-])?"
    rb"(?i:\w*pass(?:word|wd|phrase|code)?|token|secret|(?:api|access|secret|signing|encryption)[_-]?key)"
)
# As elements of a list, line by line: --password, and its value below.
_LINED: Final = LatePattern(
    rb"(?m)^[ \t>|+-]*[\"']?" + _FLAG + rb"[\"']?[ \t]*\n[ \t>|+-]*[\"']?([^\s\"'-][^\s\"']*[^\s\"':])[\"']?[ \t]*$"
)
# Tools that take a password after a short option: (names, option).
_APART: Final = rb"(?:" + _NEXT + rb"|[ \t=]*)"
_SPACE: Final = rb"(?:" + _NEXT + rb"|[ \t]+)"
_TOOLS: Final = (
    (rb"mysql\w*|mariadb[\w-]*", rb"-p"),
    (rb"7z[ar]?|rar|unrar", rb"-h?p"),
    (rb"unzip|ssh-keygen", rb"-P" + _SPACE),
    (rb"ssh-keygen", rb"-N" + _SPACE),
    (rb"ssh-keygen", rb"-P[ \t]+\S+[ \t]+-N" + _SPACE),
    (rb"openssl", rb"-(?:K|hmac)" + _SPACE),
    (rb"vault", rb"operator[ \t]+(?:unseal|generate-root|rekey)[ \t]+(?:-[\w=-]+[ \t]+)*"),
    (rb"gh secret set|glab variable set|gh variable set", rb"-[bv]" + _SPACE),
    (rb"influx|doctl|fly|flyctl|snyk|sentry-cli|railway|rancher|rover|hcloud|civo", rb"-t" + _SPACE),
    (rb"dotnet|nuget|gem|helm cm-push|sonar-scanner", rb"(?:-k|--key|--api-key)" + _SPACE),
    (rb"cargo login|snyk auth|ngrok (?:config add-)?auth-?token|ngrok http --authtoken|cloudflared (?:service install"
    rb"|tunnel run --token)|rancher login \S+ --token|infracost configure set api_key|stripe login --api-key|codecov -t"
    rb"|composer config (?:-g |--global )?(?:http-basic\.\S+ \S+|\S*(?:token|oauth)\S*)|poetry config"
    rb" (?:http-basic\.\S+ \S+|pypi-token\.\S+)|npm config set \S*(?:_auth|_authToken|_password)|netlify \w+ --auth"
    rb"|consul acl set-agent-token \S+|kubectl-vsphere login \S+|tailscale (?:up|login) --auth-?key|npm login --auth"
    rb"|htpasswd -[a-zA-Z]*n[a-zA-Z]* \S+", rb"[ \t=]+"),
    (rb"bundle config", rb"(?:set[ \t]+)?(?:--\w+[ \t]+)?[\w.-]+[ \t]+[\w.-]+:"),
    (rb"dotnet user-secrets set", rb"[\"']?[\w:.-]+[\"']?[ \t]+"),
    (rb"pulumi config set", rb"--secret[ \t]+(?:--\w+[ \t]+)?[\w.:-]+[ \t]+"),
    (rb"(?:fly|flyctl|wrangler|netlify|railway|supabase|gh|cf) (?:secrets?|env)[ :](?:set|put|add)",
     rb"\w+(?:=|[ \t]+<<<[ \t]+)"),
    (rb"sshpass|mongo\w*|(?:docker|podman|nerdctl|oras|az|registry|helm registry|crane auth|skopeo|buildah|cf|oc) login"
     rb"|twine upload|rabbitmqadmin|sqlplus|7z[ar]?|unrar|rar|PGPASS|plink|pscp|psftp", rb"-p" + _APART),
    (rb"(?:redis|valkey|keydb)-cli", rb"-a" + _APART),
    (rb"ldap\w+|kinit|sqlcmd|bcp", rb"-[wP]" + _APART),
    (rb"zip|sqlcmd|isql", rb"-P" + _SPACE),
    (rb"curl|wget|http|https", rb"(?:-u|--user|--proxy-user|-a|--auth)[ \t=]*[\"']?[^\s:\"']+:"),
    (rb"etcdctl|influx|nats|mc|consul", rb"--(?:user|auth|creds)[ \t=]+[\"']?[^\s:\"']+:"),
    (rb"smbclient|rpcclient|mount\.cifs|net", rb"-U[ \t]*[\"']?[^\s%\"']+%"),
    (rb"openssl", rb"-(?:pass|passin|passout|k)[ \t]+[\"']?(?:pass:)?"),
    (rb"keytool|jarsigner|java", rb"-(?:store|key|srcstore|deststore|destkey|new)pass(?::env)?[ \t]+"),
    (rb"htpasswd", rb"-[A-Za-z]*b[A-Za-z]*[ \t]+(?:-\w+[ \t]+)*(?:\S+[ \t]+)?\S+[ \t]+"),
    (rb"gpg2?", rb"--passphrase[ \t=]+"),
    *((rb"snmp(?:walk|get|set|bulkwalk|bulkget|trap|inform|table|status)", option + _SPACE)
      for option in (rb"-A", rb"-X", rb"-c")),
    (rb"ipmitool|mosquitto_\w+|ftp|cqlsh|hdbsql|beeline|mongo\w*|couchbase-cli|cbq|sqlline|nxlog|xrdp",
     rb"-(?:P|p|pw)" + _SPACE),
    (rb"xfreerdp3?|rdesktop|wlfreerdp", rb"(?:/p:|-p[ \t]+)"),
    (rb"lftp|curlftpfs", rb"-u[ \t]*[\"']?[^\s,\"']+,"),
    (rb"useradd|usermod", rb"-p" + _SPACE),
    (rb"kadmin|addprinc|cpw", rb"-pw" + _SPACE),
    (rb"ldappasswd|slappasswd", rb"-[sa]" + _SPACE),
    (rb"mosquitto_passwd|nginx-htpasswd", rb"-b[ \t]+\S+[ \t]+\S+[ \t]+"),
    (rb"ejabberdctl|prosodyctl", rb"register[ \t]+\S+[ \t]+\S+[ \t]+"),
    (rb"etcdctl", rb"user[ \t]+add[ \t]+[\"']?[^\s:\"']+:"),
    (rb"mc", rb"(?:admin[ \t]+user[ \t]+(?:svcacct[ \t]+)?add|config[ \t]+host[ \t]+add[ \t]+\S+)"
     rb"[ \t]+\S+[ \t]+\S+[ \t]+"),
    (rb"neo4j-admin", rb"set-initial-password[ \t]+"),
    (rb"b2", rb"(?:authorize-account|account[ \t]+authorize)[ \t]+\S+[ \t]+"),
    (rb"nmcli|wpa_cli", rb"(?:connect[ \t]+\S+[ \t]+password|psk)[ \t]+"),
    (rb"ipmitool", rb"user[ \t]+set[ \t]+password[ \t]+[0-9]+[ \t]+"),
    (rb"samba-tool", rb"(?:user[ \t]+(?:create|add|setpassword)[ \t]+\S+)[ \t]+(?:--newpassword=)?"),
    (rb"qpdf", rb"--encrypt[ \t]+"),
    (rb"pdftk", rb"(?:user|owner|input)_pw[ \t]+"),
    (rb"cmdkey|runas|net|psexec", rb"/(?:pass|p|password):"),
    (rb"ansible-vault", rb"encrypt_string[ \t]+(?:-\S+[ \t]+)*"),
    (rb"sqlplus|expdp?|impdp?|rman|sqlldr", rb"[\w$]+/"),
    (rb"rclone obscure|wpa_passphrase \S+|mysqladmin (?:[^\n;|&]*[ \t])?password|net use \S+(?: \S+)?"
     rb"|vault login(?: token=)?|radtest \S+|nmcli [^\n]*password|smbpasswd -s \S+", rb"[ \t]+"),
    (rb"gh secret set|aws (?:secretsmanager|ssm)|az keyvault secret", rb"--(?:body|secret-string|value)[ \t=]+"),
    (rb"doctl|snyk|sentry-cli|vault login|cargo login|gh auth login", rb"-t" + _SPACE),
)  # fmt: skip
_ARGUMENT: Final = rb"(" + _QUOTED + rb"|[\"']?[^\s\"'\\-][^\s\"'\\]*)"
_COMMANDED: Final = tuple(
    LatePattern(rb"\b(?:" + tools + rb")\b(?:[^\n;|&]*?[\s\"',\[])?" + option + _ARGUMENT) for tools, option in _TOOLS
)


def _set_of_tools() -> Any:
    found = re2.Set.SearchSet()
    for tools, _ in _TOOLS:
        found.Add(rb"\b(?:" + tools + rb")\b")
    found.Compile()
    return found


# One pass finds the tools that a text names; only their patterns run.
_TOOL_SET: Final = _set_of_tools()
# A tool with an option or an argument that may hold a secret.
_COMMAND: Final = LatePattern(
    rb"(?:^|[\s\"'`$(/\[;&|>-])(?:"
    + b"|".join(tools for tools, _ in _TOOLS)
    + rb")(?:\b[^\n;|&]*?[ \t\"',\[][-/]{1,2}[A-Za-z]|[ \t=]+[^\s-])"
)
# Any tool: -p x, where x looks like a password and not like a port, a path or a patch.
_SHORT: Final = LatePattern(rb"(?:^|[\s\"'])-(?:p|P|w|a|pw|pass)(?:[ \t]+|=)[\"']?([^\s\"'/\\{:-][^\s\"'/\\{:]{7,})")
_STATEMENTS: Final = tuple(
    LatePattern(rb"(?:" + words + rb")[ \t]+(" + _QUOTED + rb"|[^\s\"';]+)")
    for words in (
        rb"(?i:\bidentified(?: with \w+)? by(?: password)?|\brequirepass|\bmasterauth|\blogin[ \t]+\S+\s+password)",
        rb"(?i:\b(?:user|role|login)[ \t]+\S+(?:[ \t]+with)?(?:[ \t]+(?:encrypted|login"
        rb"|superuser))*[ \t]+password(?:[ \t]*=)?)",
        rb"\b(?:auth|credentials?)[ \t]*=[ \t]*\([\"'][^\"'\n]*[\"'],",
        rb"(?i:\bsp_addlogin)[ \t]+'[^'\n]*'[ \t]*,",
        rb"(?i:\bset password for [^\n=]{1,80}=)",
        rb"\b(?:rabbitmqctl (?:add_user|change_password|authenticate_user)|net user|mc alias set \S+ \S+)[ \t]+\S+",
        rb"(?i:\b(?:_password|_authToken|_auth))[ \t]*=",
    )
)
_CHPASSWD: Final = LatePattern(rb"(?m)(?:^|[\"' ])([\w.-]+:)([^\s\"'|:]+)[\"']?[ \t]*\|[ \t]*(?:sudo[ \t]+)?chpasswd\b")
_HERE: Final = LatePattern(rb"\bchpasswd[ \t]*<<<?[ \t]*[\"']?([\w.-]+:)([^\s\"'|:]+)")
# host:port:database:user:password, and /etc/shadow-like lines are hashes, which have a shape of their own.
_PGPASS: Final = LatePattern(
    rb"(?m)(?:^|[\s\"'])[\w.*-]+:(?:[0-9]{2,5}|\*):[\w*-]+:[\w*.-]+:([^\s:\"']{4,})[\"']?[ \t]*$"
)
# With the port of PostgreSQL or none it is certain.
_PGPASS_PORT: Final = LatePattern(
    rb"(?m)^[ \t>|]*(?:[\w.-]+|\*):(?:54[0-9]{2}|6432|\*):[\w*-]+:[A-Za-z_*][\w*.-]*:([^\s:\"']{4,})[ \t]*$"
)
# Literals of `kubectl create secret`, whatever their keys; credentials of skopeo, crictl and others: user:password.
_LITERAL: Final = LatePattern(rb"--from-literal[= ][\"']?[\w.-]+=([^\s\"']+)")
_QUOTED_USER: Final = LatePattern(rb"\s(?:-u|--user)[ \t=]+(?:\"[^\s:\"]+:([^\"\n]+)\"|'[^\s:']+:([^'\n]+)')")
# One quoted argument with an option and its value: '-ptwo words', "pass:two words", 'key=two words'
_WHOLE: Final = LatePattern(
    rb"(?:\b(?:mysql\w*|mariadb[\w-]*|7z[ar]?)\b[^\n;|&]*?[ \t,\[](?:\"-p([^\"\n]+)\"|'-p([^'\n]+)')"
    rb"|\bopenssl\b[^\n;|&]*?(?:\"pass:([^\"\n]+)\"|'pass:([^'\n]+)')"
    rb"|--from-literal[= ](?:\"[\w.-]+=([^\"\n]+)\"|'[\w.-]+=([^'\n]+)'))"
)
# What is stored in Vault, whatever the keys; a Secret that is patched.
_STORED: Final = LatePattern(
    rb"(\bvault[ \t]+(?:kv[ \t]+(?:put|patch)|write[ \t]+(?:secret|kv))\b[^\n]*"
    rb"|\bpulumi[ \t]+config[ \t]+set[ \t][^\n]*--secret\b|\bkubectl\b[^\n]*\bpatch[ \t]+secrets?\b[^\n]*)"
)
_STORED_VALUE: Final = LatePattern(
    rb"(?:[ \t][\"']?[\w.-]+=|set[ \t]+[\w.:-]+[ \t]+|\\?\"[\w.-]+\\?\"[ \t]*:[ \t]*\\?[\"'])"
    rb"(\"[^\"\n]*\"|'[^'\n]*'|[^\s\"'{}\\-][^\"'{}\\\s]*(?:[ ][\w #.]+[\"'])?)"
)
# A known administrator with a generated password: admin:… works, log in with admin / …
_ADMIN: Final = LatePattern(
    rb"(?i)\b(?:admin|administrator|root|sa|superuser|elastic|postgres)(?:[ \t]?[:/][ \t]?|[ \t]+(?:with|and)[ \t]+)"
    rb"([!-.0-~][!-~]{7,63})"
)
_TOLD: Final = LatePattern(
    rb"(?i)\b(?:log(?:[ -]?(?:in|on)|ged in)|sign in|use|try|creds?|credentials?|basic[ -]auth|u(?:ser(?:name)?)?/p(?:a"
    rb"ss(?:word)?)?)(?:[ \t]+(?:for|to)[ \t]+[\w.-]+)?(?:[ \t]*(?:=|-|\b(?:in|is|are|with|as|to|use|user)\b)|:)*[ \t]+"
    rb"[\w.@-]{1,40}(?:[ \t]*[/:,|][ \t]*|[ \t]+(?:with|and|pw)?[ \t]*)([!-~]{6,64})"
)
# The same, where nothing but a user and a password can follow: the value may be a word.
_TOLD_PAIR: Final = LatePattern(
    rb"(?i)\b(?:creds?|credentials?|basic[ -]auth|logins?|user(?:name)?/pass(?:word)?)(?:[ \t]+(?:for|to)[ \t]+[\w.-]+"
    rb")?[ \t]*(?:\b(?:is|are)\b|[:=])[ \t]*[A-Za-z][\w.@-]{0,40}(?:[ \t]+/[ \t]+|[/:])([!-.0-~]{5,64})(?:\s|\z)"
)
_SHORT_PAIR: Final = LatePattern(
    rb"(?i)\bu(?:ser)?[ \t]*[:=][ \t]*[\w.@-]{1,40}[ \t,;/]+p[ \t]*[:=][ \t]*([!-~]{4,64})"
)
_PAIRED: Final = LatePattern(rb"--(?:src-|dest-)?creds[= ][^\s:\"']+:([^\s\"']+)")
# Oracle: user/password@host
_ORACLE: Final = LatePattern(rb"\boracle:thin:[\w$]+/([^\s/@]+)@|\b[\w$]+/([^\s/@]+)@//")
# Any tool: a quoted argument of a short option that looks like a password.
_QUOTED_SHORT: Final = LatePattern(
    rb"[ \t]-{1,2}(?:p|P|w|W|a|k|K|x|X|t|T|s|S|pw|pass)(?:[ \t]*|=)(?:\"([^\"\n{]{8,64})\"|'([^'\n{]{8,64})')"
)
# The same as elements of a YAML list, line by line.
_SHORT_LINED: Final = LatePattern(
    rb"\n[ \t]*-[ \t]+[\"']?-[pPwa](?:[\"']?[ \t]*\n[ \t]*-[ \t]+[\"']?)?"
    rb"([^\s\"'/\\:-][^\s\"'/\\:]{5,})[\"']?[ \t]*(?:\n|\z)"
)
# Expect: a line that is sent to a prompt.
_SENT: Final = LatePattern(rb"\bsend(?:_user)?[ \t]+(?:--[ \t]+)?[\"']([^\"'\n]{4,64}?)\\[rn][\"']")
_AT_HOST: Final = LatePattern(rb"\b[A-Za-z_][\w.$-]*[:/]([^\s:@/\"'<>=]{8,})@([A-Za-z0-9][\w.-]*)")
_KEY_PAIR: Final = LatePattern(rb"(?i)\bak(?:/sk|[ \t]*[,;:=])[^\n]{0,60}?\bsk[ \t]*[:=][ \t]*([^\s\"',;]+)")

_WITH_SIGN: Final = LatePattern(rb"[A-Z][a-z]{3,}[0-9]{2,4}[!?#$%&*]{0,3}")
# sysctl -w vm.max_map_count=262144
_KERNEL_PARAMETER: Final = LatePattern(rb"[a-z]+(?:\.[a-z][a-z0-9_]*)+=[0-9]{1,10}`?")
_OBJECT_NAME: Final = LatePattern(rb"[0-9a-f]{7,64}|[a-z0-9]+(?:[-.:/@][a-z0-9]+)+|.*://.*|.*[/=].*[/=].*")


def _hide_last(found: Match) -> bytes:
    """Hide the last group without its quotes."""
    value = bytes(found[found.lastindex or 0])
    return bytes(found[0]) if is_no_secret(b"password", value) else hide_inner(found, found.lastindex or 0)


def _hide_random(found: Match) -> bytes:
    value = bytes(found[found.lastindex or 0]).rstrip(b".,;:!?)\"'")
    is_password = (looks_random(value) or _is_chosen(value)) and not _KERNEL_PARAMETER.fullmatch(value)
    return _hide_last(found) if is_password else bytes(found[0])


def _hide_mixed(found: Match) -> bytes:
    """Hide what people and generators make up; keep names of objects, paths and images."""
    value = bytes(found[1]).rstrip(b".,;:!?)\"'`")
    is_password = looks_generated(value) and not _OBJECT_NAME.fullmatch(value)
    return hide_if(is_password or _is_chosen(value), found, 1)


def _hide_pair(found: Match) -> bytes:
    value = bytes(found[1]).rstrip(b".,;:!?)\"'`")
    return hide_if(look_of(b"password", value) >= Look.CHOSEN or is_plain_password(value), found, 1)


def _is_chosen(value: bytes) -> bool:
    """Return whether people write such passwords: Winter2026!, s3cr3t-value."""
    return is_disguised(value) or bool(_WITH_SIGN.fullmatch(value))


def _hide_before_host(found: Match) -> bytes:
    """Hide the password in user:password@host:5432; keep the image repository:tag@sha256:0123…"""
    is_password = looks_random(found[1]) or is_disguised(found[1])
    return hide_if(is_password and found[2] not in (b"sha256", b"sha512"), found, 1)


_ANY: Final = (
    _PGPASS_PORT, _WHOLE, _SHORT_PAIR, _LINED, *_STATEMENTS, _LITERAL, _QUOTED_USER, _PAIRED, _HERE, _KEY_PAIR,
)  # fmt: skip
_UNTOOLED: Final = stage_of(
    [
        *((pattern, _hide_last) for pattern in _ANY),
        *((pattern, _hide_random) for pattern in (_SHORT, _SHORT_LINED, _QUOTED_SHORT, _SENT, _PGPASS)),
        (_STORED, lambda line: bytes(_STORED_VALUE.sub(_hide_last, line[0]))),
        (_ADMIN, _hide_mixed),
        (_TOLD, _hide_mixed),
        (_TOLD_PAIR, _hide_pair),
        (_CHPASSWD, _hide_last),
        (_ORACLE, _hide_last),
        (_AT_HOST, _hide_before_host),
    ]
)


def _hide_in_commands(buffer: bytes) -> bytes:
    for number in _TOOL_SET.Match(buffer) or ():
        buffer = _COMMANDED[number].sub(_hide_last, buffer)
    return _UNTOOLED[1](buffer)


COMMANDS: Final = ((_COMMAND, *_UNTOOLED[0]), _hide_in_commands)


# --- terminal sessions and protocols --------------------------------------------------------------------------------
_SECRET_WORD: Final = (
    rb"(?i:pass|pwd|secret|token|credential|(?:" + "|".join(sorted(KEY_KINDS)).encode() + rb")[_-]?key)"
)
_PROMPT: Final = rb"(?m)^(?:[^\n]{0,80}[$#>%][ \t]+|[ \t]*)"
_VALUE: Final = rb"(\"[^\"\n]+\"|'[^'\n]+'|[^\s\"'|;&]+)"
_ECHO: Final = rb"\b(?:echo|printf)[ \t]+(?:-[neE]+[ \t]+)*"
_LINE: Final = rb"[ \t]*\r?\n[ \t]*[\"']?([^\s\"'$#]{6,})[\"']?[ \t]*(?:\r?$|[$#%])"

# The next line is what the command printed.
_PRINTED: Final = tuple(
    LatePattern(_PROMPT + command + _LINE)
    for command in (
        rb"[^\n]*" + _SECRET_WORD + rb"[^\n]*\|[ \t]*(?:base64|openssl base64|b64)[^\n|]*"
        rb"[ \t]-{1,2}(?:d|D|decode)[^\n]*",
        rb"(?:echo|printenv|print|printf)[ \t]+[\"']?\$?\{?\w*" + _SECRET_WORD + rb"\w*\}?[\"']?",
        rb"(?:sudo[ \t]+|(?:kubectl|docker)[ \t]+exec[^\n]*[ \t])?cat[ \t]+\S*" + _SECRET_WORD + rb"\S*",
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
    rb"(?i)config[ \t]+get[ \t]+(?:requirepass|masterauth|\S*pass\S*)[ \t]*\r?\n[^\n]*\r?\n"
    rb"(?:2\)[ \t]*)?[\"']?([^\s\"']{3,})"
)
_PIPED: Final = LatePattern(
    _ECHO
    + rb"(?:[\"']%s(?:\\n)?[\"'][ \t]+)?"
    + _VALUE
    + rb"[ \t]*\|[^\n|]*(?:"
    + _SECRET_WORD
    + rb"|--stdin|-stdin|\bsudo[ \t]+-S|\blogin\b|\bgpg\b|\bcryptsetup\b|\bkinit\b)"
)
# Written to a file whose name tells; encoded.
_WRITTEN: Final = LatePattern(_ECHO + _VALUE + rb"[ \t]*>{1,2}[ \t]*[\w./~-]*" + _SECRET_WORD)
_ENCODED: Final = LatePattern(
    _ECHO + _VALUE + rb"[ \t]*\|[ \t]*(?:base64|openssl[ \t]+(?:base64|passwd|dgst)|mkpasswd|wc[ \t]+-c)"
)
# Redis shows commands quoted; SMTP asks for the password in base64.
_QUOTED_COMMANDS: Final = (
    LatePattern(rb"\"(?i:auth)\"(?:[ \t]+\"[\w.-]+\")?[ \t]+(\"[^\"\n]+\")"),
    LatePattern(rb"\"(?i:requirepass|masterauth|sentinel-pass)\"[ \t]+(\"[^\"\n]+\")"),
    LatePattern(rb"\b334 UGFzc3dvcmQ6[ \t]*\r?\n(?:[><CS-]{1,3}:?[ \t]*)?([^\s]+)"),
)
_HERE_STRING: Final = LatePattern(
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


def _hide(found: Match) -> bytes:
    """Hide the value without its quotes; keep words, options and variables."""
    value = bytes(found[1])
    is_word = value.isalpha() and value.islower()
    return bytes(found[0]) if is_word else _hide_any(found)


def _hide_any(found: Match) -> bytes:
    """Hide the value without its quotes; keep options and variables."""
    inner = bytes(found[1]).strip(b"\"'")
    is_kept = inner.startswith(b"-") or _VARIABLE.match(inner) or is_no_secret(b"password", inner)
    return bytes(found[0]) if is_kept else hide_inner(found, 1)


def _hide_users(found: Match) -> bytes:
    lines = _USER_LINE.sub(lambda user: hide_groups(user, 2), found[1])
    return bytes(found[0][: found.start(1) - found.start()]) + bytes(lines)


def _hide_rest(found: Match) -> bytes:
    rest = bytes(found[1])
    is_token = looks_generated(rest) and rest.lower() != rest and rest.upper() != rest
    return hide_if(is_token and FILL not in rest and looks_random(rest), found, 1)


TERMINAL: Final = stage_of(
    [
        *((pattern, _hide) for pattern in (_ENCODED, _LISTED, *_DIRECTIVES, _JOIN, _TOKEN_FILE)),
        # Here a plain word is a password as well.
        *((pattern, _hide_any) for pattern in (*_PRINTED, _PIPED, _WRITTEN, *_QUOTED_COMMANDS, _HERE_STRING)),
        *((pattern, _hide_any) for pattern in (_AUTH_LINE, _FTP, _ACL, *_DEVICES)),
        (_USERS, _hide_users),
        (_WRAPPED, _hide_rest),
    ]
)
