"""Hide values that a tool's short option, a statement, a file format or a host gives away as secrets.

Handles `mysql -p…`, `--from-literal=key=…`, `htpasswd -b`, `chpasswd`, `.pgpass`, `IDENTIFIED BY '…'`,
user:password@host and what stands after a slash in "creds: admin/…". Works on UTF-8 bytes, as
`responses.named_secrets` does.
"""

from __future__ import annotations

from typing import Any, Final

import re2

from responses.late_patterns import LatePattern
from responses.secret_buffer import Match, hide_groups, looks_generated, looks_random
from responses.secret_looks import Look, is_plain_password, look_of
from responses.secret_values import is_disguised, is_no_secret

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
    (rb"(?:fly|flyctl|wrangler|netlify|railway|supabase|gh|cf) (?:secrets?|env)[ :](?:set|put|add"
    rb")", rb"\w+(?:=|[ \t]+<<<[ \t]+)"),
    (
        rb"sshpass|mongo\w*|(?:docker|podman|nerdctl|oras|az|registry|helm registry|crane auth|skopeo|buildah"
        rb"|cf|oc) login"
        rb"|twine upload|rabbitmqadmin|sqlplus|7z[ar]?|unrar|rar|PGPASS|plink|pscp|psftp",
        rb"-p" + _APART,
    ),
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
    *((rb"snmp(?:walk|get|set|bulkwalk|bulkget|trap|inform|table"
    rb"|status)", option + _SPACE) for option in (rb"-A", rb"-X", rb"-c")),
    (rb"ipmitool|mosquitto_\w+|ftp|cqlsh|hdbsql|beeline|mongo\w*|couchbase-cli|cbq|sqlline|nxlog|xrdp", rb"-(?:P"
    rb"|p|pw)" + _SPACE),
    (rb"xfreerdp3?|rdesktop|wlfreerdp", rb"(?:/p:|-p[ \t]+)"),
    (rb"lftp|curlftpfs", rb"-u[ \t]*[\"']?[^\s,\"']+,"),
    (rb"useradd|usermod", rb"-p" + _SPACE),
    (rb"kadmin|addprinc|cpw", rb"-pw" + _SPACE),
    (rb"ldappasswd|slappasswd", rb"-[sa]" + _SPACE),
    (rb"mosquitto_passwd|nginx-htpasswd", rb"-b[ \t]+\S+[ \t]+\S+[ \t]+"),
    (rb"ejabberdctl|prosodyctl", rb"register[ \t]+\S+[ \t]+\S+[ \t]+"),
    (rb"etcdctl", rb"user[ \t]+add[ \t]+[\"']?[^\s:\"']+:"),
    (rb"mc", rb"(?:admin[ \t]+user[ \t]+(?:svcacct[ \t]+)?add|config[ \t]+host[ \t]+add[ \t]+\S+)[ \t]+\S+["
    rb" \t]+\S+[ \t]+"),
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
    (rb"rclone obscure|wpa_passphrase \S+|mysqladmin (?:[^\n;|&]*[ \t])?password|net use \S+(?: \S+)?|vault"
    rb" login(?: token=)?"
     rb"|radtest \S+|nmcli [^\n]*password|smbpasswd -s \S+", rb"[ \t]+"),

    (rb"gh secret set|aws (?:secretsmanager|ssm)|az keyvault secret", rb"--(?:body|secret-string|value)[ \t=]+"),
    (rb"doctl|snyk|sentry-cli|vault login|cargo login|gh auth login", rb"-t" + _SPACE),
)  # fmt: skip
_COMMANDED: Final = tuple(
    LatePattern(
        rb"\b(?:"
        + tools
        + rb")\b(?:[^\n;|&]*?[\s\"',\[])?"
        + option
        + rb"("
        + _QUOTED
        + rb"|[\"']?[^\s\"'\\-][^\s\"'\\]*)"
    )
    for tools, option in _TOOLS
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
    rb"(\bvault[ \t]+(?:kv[ \t]+(?:put|patch)|write[ \t]+(?:secret|kv))\b[^\n]*|\bpulumi[ \t]+config[ \t]"
    rb"+set[ \t][^\n]*--secret\b"
    rb"|\bkubectl\b[^\n]*\bpatch[ \t]+secrets?\b[^\n]*)"
)
_STORED_VALUE: Final = LatePattern(
    rb"(?:[ \t][\"']?[\w.-]+=|set[ \t]+[\w.:-]+[ \t]+|\\?\"[\w.-]+\\?\"[ \t]*:[ \t]*\\?[\"'])(\"[^\"\n]*"
    rb"\"|'[^'\n]*'|[^\s\"'{}\\-][^\"'{}\\\s]*(?:[ ][\w #.]+[\"'])?)"
)
# A known administrator with a generated password: admin:… works, log in with admin / …
_ADMIN: Final = LatePattern(
    rb"(?i)\b(?:admin|administrator|root|sa|superuser|elastic|postgres)(?:[ \t]?[:/][ \t]?|[ \t]+(?:with|"
    rb"and)[ \t]+)([!-.0-~][!-~]{7,63})"
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
    rb"\n[ \t]*-[ \t]+[\"']?-[pPwa](?:[\"']?[ \t]*\n[ \t]*-[ \t]+[\"']?)?([^\s\"'/\\:-][^\s\"'/\\:]{5,})["
    rb"\"']?[ \t]*(?:\n|\z)"
)
# Expect: a line that is sent to a prompt.
_SENT: Final = LatePattern(rb"\bsend(?:_user)?[ \t]+(?:--[ \t]+)?[\"']([^\"'\n]{4,64}?)\\[rn][\"']")
_AT_HOST: Final = LatePattern(rb"\b[A-Za-z_][\w.$-]*[:/]([^\s:@/\"'<>=]{8,})@([A-Za-z0-9][\w.-]*)")
_KEY_PAIR: Final = LatePattern(rb"(?i)\bak(?:/sk|[ \t]*[,;:=])[^\n]{0,60}?\bsk[ \t]*[:=][ \t]*([^\s\"',;]+)")

_WITH_SIGN: Final = LatePattern(rb"[A-Z][a-z]{3,}[0-9]{2,4}[!?#$%&*]{0,3}")
_OBJECT_NAME: Final = LatePattern(rb"[0-9a-f]{7,64}|[a-z0-9]+(?:[-.:/@][a-z0-9]+)+|.*://.*|.*[/=].*[/=].*")

_ANY: Final = (
    _PGPASS_PORT,
    _WHOLE,
    _SHORT_PAIR,
    _LINED,
    *_STATEMENTS,
    _LITERAL,
    _QUOTED_USER,
    _PAIRED,
    _HERE,
    _KEY_PAIR,
)
_RANDOM: Final = (_SHORT, _SHORT_LINED, _QUOTED_SHORT, _SENT, _PGPASS)
# If none of these matches, `hide_in_commands` leaves a text as it is.
PATTERNS: Final = (*_ANY, _COMMAND, *_RANDOM, _ADMIN, _TOLD, _TOLD_PAIR, _STORED, _CHPASSWD, _ORACLE, _AT_HOST)


def hide_in_commands(buffer: bytes) -> bytes:
    """Return the buffer with such values hidden."""
    for pattern in (*(_COMMANDED[number] for number in _TOOL_SET.Match(buffer) or ()), *_ANY):
        buffer = pattern.sub(_hide_last, buffer)
    for pattern in _RANDOM:
        buffer = pattern.sub(_hide_random, buffer)
    buffer = _STORED.sub(lambda line: _STORED_VALUE.sub(_hide_last, line[0]), buffer)
    buffer = _ADMIN.sub(_hide_mixed, buffer)
    buffer = _TOLD.sub(_hide_mixed, buffer)
    buffer = _TOLD_PAIR.sub(_hide_pair, buffer)
    buffer = _CHPASSWD.sub(_hide_last, buffer)
    buffer = _ORACLE.sub(_hide_last, buffer)
    return bytes(_AT_HOST.sub(_hide_before_host, buffer))


def _last_group(found: Match) -> int:
    return max((number for number in range(1, found.re.groups + 1) if found[number] is not None), default=0)


def _hide_last(found: Match) -> bytes:
    """Hide the last group without its quotes."""
    group = _last_group(found)
    value = bytes(found[group])
    if is_no_secret(b"password", value):
        return bytes(found[0])
    whole = hide_groups(found, group)
    first = found.start(group) - found.start()
    quotes = len(value) - len(value.lstrip(b"\"'"))
    closing = len(value) - len(value.rstrip(b"\"'"))
    last = first + len(value)
    return (
        whole[:first]
        + value[:quotes]
        + whole[first + quotes : last - closing]
        + value[len(value) - closing :]
        + whole[last:]
    )


def _hide_random(found: Match) -> bytes:
    value = bytes(found[_last_group(found)]).rstrip(b".,;:!?)\"'")
    return _hide_last(found) if looks_random(value) or _is_chosen(value) else bytes(found[0])


def _hide_mixed(found: Match) -> bytes:
    """Hide what people and generators make up; keep names of objects, paths and images."""
    value = bytes(found[1]).rstrip(b".,;:!?)\"'`")
    is_password = looks_generated(value) and not _OBJECT_NAME.fullmatch(value)
    return hide_groups(found, 1) if is_password or _is_chosen(value) else bytes(found[0])


def _hide_pair(found: Match) -> bytes:
    value = bytes(found[1]).rstrip(b".,;:!?)\"'`")
    is_password = look_of(b"password", value) >= Look.CHOSEN or is_plain_password(value)
    return hide_groups(found, 1) if is_password else bytes(found[0])


def _is_chosen(value: bytes) -> bool:
    """Return whether people write such passwords: Winter2026!, s3cr3t-value."""
    return is_disguised(value) or bool(_WITH_SIGN.fullmatch(value))


def _hide_before_host(found: Match) -> bytes:
    """Hide the password in user:password@host:5432; keep the image repository:tag@sha256:0123…"""
    if found[2] in (b"sha256", b"sha512") or not (looks_random(found[1]) or is_disguised(found[1])):
        return bytes(found[0])
    return hide_groups(found, 1)
