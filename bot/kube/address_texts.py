"""Recognise the network addresses in the values that a program is given. Pure: text in, hosts and ports out.

Nothing else of a value is kept: it may hold a password. A value that does not show where its password ends gives none.
Values are environment variables, the flags of a command line, and the lines or fields of a file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Final

from bot.kube.services import ip_in

# What stands for text that is not known: a variable's value, a password. No host has it.
UNKNOWN: Final = "\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A host that a text names. `assumed`: the port is the scheme's usual one, and not written; 0 if neither is known.

    `certain`: a URL, a command or the name of the value says that it is an address. Without that, `retries:3000` looks
    like one too; it counts only if something has that name. `source` says where a `container` is given it:
    `env DB_URL`, `args`, `ConfigMap shop/x key y`.
    """

    host: str
    port: int = 0
    scheme: str = ""
    assumed: bool = False
    certain: bool = False
    source: str = ""
    container: str = ""


class Meaning(Enum):
    """The kinds of values that the name of a value tells apart."""

    PLAIN = auto()
    HOST = auto()
    OTHER = auto()  # a secret, an image, a version, or an address of the program's own


_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_HOST_WORDS: Final = frozenset({
    "HOST", "HOSTS", "HOSTNAME", "ADDR", "ADDRS", "ADDRESS", "ADDRESSES", "SERVICE", "ENDPOINT", "ENDPOINTS",
    "URL", "URLS", "URI", "URIS", "DSN", "SERVER", "SERVERS", "BROKER", "BROKERS", "UPSTREAM", "PGHOST",
})  # fmt: skip
# An address that the program itself has, whatever else the name says.
_OWN_WORDS: Final = frozenset({
    "LISTEN", "LISTENER", "LISTENERS", "BIND", "ADVERTISE", "ADVERTISED", "VIRTUAL", "ALLOWED", "FEATURE", "FLAG",
})  # fmt: skip
_OTHER_WORDS: Final = frozenset({
    "PASSWORD", "PASSWORDS", "PASSWD", "PASSPHRASE", "PASS", "PWD", "SECRET", "SECRETS", "TOKEN", "TOKENS", "KEY",
    "KEYS", "APIKEY", "CREDENTIAL", "CREDENTIALS", "CREDS", "AUTH", "LOGIN", "SALT", "USER", "USERNAME", "UID",
    "IMAGE", "TAG", "VERSION", "SCHEDULE", "CRON", "FORMAT",
})  # fmt: skip
# Values that name no host, whatever the name of the value says.
_NO_HOSTS: Final = frozenset({
    "true", "false", "yes", "no", "on", "off", "none", "null", "nil", "auto", "default", "enabled", "disabled",
    "enable", "disable", "all", "any", "localhost", "tcp", "udp", "http", "https", "grpc", "unix", "port",
})  # fmt: skip
# The usual port of a scheme.
PORTS: Final = {
    "postgres": 5432, "postgresql": 5432, "mysql": 3306, "mariadb": 3306, "redis": 6379, "rediss": 6379,
    "sentinel": 26379, "amqp": 5672, "amqps": 5671, "mongodb": 27017, "kafka": 9092, "nats": 4222, "http": 80, "ws": 80,
    "https": 443, "wss": 443, "sqlserver": 1433, "mssql": 1433, "clickhouse": 9000, "ldap": 389, "ldaps": 636,
    "smtp": 25, "smtps": 465, "ftp": 21, "sftp": 22, "ssh": 22, "mqtt": 1883, "mqtts": 8883, "memcached": 11211,
    "cassandra": 9042, "etcd": 2379, "zookeeper": 2181, "bolt": 7687, "neo4j": 7687, "pulsar": 6650, "stomp": 61613,
}  # fmt: skip
# Their authority names a file, a bucket or an image.
_NO_NETWORK: Final = frozenset({
    "file", "unix", "unixs", "npipe", "s3", "s3a", "s3n", "gs", "gcs", "abfs", "abfss", "wasb", "wasbs", "azblob",
    "oci", "docker", "docker-daemon", "containerd", "classpath", "jar", "sqlite", "sqlite3", "mem", "memory",
    "env", "secret", "vault", "arn", "urn", "spiffe", "chrome-extension", "data", "h2", "ldapi",
})  # fmt: skip
# The resolvers of gRPC; the path of such a URL is the target.
_RESOLVERS: Final = frozenset({"dns", "passthrough", "xds"})
# Ports below this are written for services of old only; `postgres:16` is a version.
_LOWEST: Final = 100
_LOW_PORTS: Final = frozenset({21, 22, 25, 53, 80, 88})

_LABELS: Final = r"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?"
_URL: Final = re.compile(
    r"(?<![^\s\"'`=,;()\[\]{}<>|])(?P<scheme>(?:[a-z][a-z0-9+.\-]{0,20}:){0,2}[a-z][a-z0-9+.\-]{0,20})://",
    re.IGNORECASE,
)
_AUTHORITY: Final = re.compile(r"[^\s/?#\"'`<>\\|]*")
_TOKEN_END: Final = re.compile(r"[\s\"'`<>|]")
_HOST_AND_PORT: Final = re.compile(
    rf"(?:\[(?P<six>[0-9a-f:.]{{2,45}})\]|(?P<host>{_LABELS})\.?)(?::(?P<port>\d{{1,5}}))?", re.IGNORECASE
)
# Where a URL's host may end beside a slash: in a list, a call, a URL with parameters after a semicolon.
_HOST_ENDS: Final = frozenset(";)]}&")
_DIAL: Final = re.compile(r"@tcp6?\((?P<at>[^()\s]{1,300})\)")
_TOKEN: Final = re.compile(r"[^\s,;\"'`|<>()\[\]{}&]+")
_PATH: Final = re.compile(r"[^:@]*")
# How gRPC writes an address.
_GRPC: Final = "ipv4:"
# How Java writes a host behind its name: `db/10.96.0.7:5432`.
_ADDRESSED: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}:\d{1,5}")
_SENTENCE: Final = re.compile(r"[^\s,;=]\s+[^\s,;]")
# As in `host=db port=5432 dbname=shop`.
_PORT: Final = re.compile(r"(?<![^\s;])port=(\d{1,4}|[1-5]\d{4}|6[0-4]\d{3})(?![^\s;])", re.IGNORECASE)
_LONGEST_NAME: Final = 100
_LONGEST_TEXT: Final = 65_536


@lru_cache(maxsize=4096)
def meaning_of(name: str) -> Meaning:
    """Return what the name of a variable, flag or field says about its value. The last word decides: TOKEN_URL."""
    words = [word.upper() for word in _WORD.findall(name)]
    if not words:
        return Meaning.PLAIN
    if _OWN_WORDS.intersection(words):
        return Meaning.OTHER
    last = words[-1]
    if last in _HOST_WORDS:
        return Meaning.HOST
    return Meaning.OTHER if _OTHER_WORDS.intersection(words) else Meaning.PLAIN


def beginning(text: str) -> str:
    """Return a text, or the first lines of a long one: a line that is cut may end within a password."""
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT].rpartition("\n")[0]


def addresses_in(value: str, *, meaning: Meaning = Meaning.PLAIN) -> Iterator[Address]:
    """Yield the addresses of a value, each as often as it stands there."""
    if meaning is Meaning.OTHER:
        return
    for line in beginning(value).splitlines():
        found: list[Address] = []
        for part in _outside_urls(line, found):
            found += _in_plain(part, meaning)
        yield from found


def _outside_urls(line: str, found: list[Address]) -> Iterator[str]:
    """Put the addresses of URLs into `found`, and yield the text between them."""
    urls, at = list(_URL.finditer(line)), 0
    for number, url in enumerate(urls):
        yield line[at : url.start()]
        end = urls[number + 1].start() if number + 1 < len(urls) else len(line)
        authority = _AUTHORITY.match(line, url.end(), end)
        after = authority.end() if authority else url.end()
        if "@" in line[after:end]:
            at = end  # a password with a slash, a quote or a space in it: nothing tells where the host begins
            continue
        stop = _TOKEN_END.search(line, after, end)
        at = stop.start() if stop else end
        found += _of_url(url["scheme"].lower(), line[url.end() : after], line[after:at])
    yield line[at:]


def _of_url(scheme: str, authority: str, rest: str) -> Iterator[Address]:
    *outer, inner = scheme.split(":")
    name, _, secure = inner.partition("+")
    if outer[:1] == ["jdbc"]:
        name, scheme = outer[1] if outer[1:] else name, inner
    if name in _NO_NETWORK or scheme in _NO_NETWORK:
        return
    if name in _RESOLVERS:
        authority = rest.strip("/").partition("?")[0] if rest[1:2] or not authority else authority
    usual = 0 if secure == "srv" else PORTS.get(secure) or PORTS.get(name, 0)
    for each in authority.rpartition("@")[2].split(","):
        one = _read(each, ends=_HOST_ENDS)
        if one is not None:
            host, port = one
            yield Address(host=host, port=port or usual, scheme=name, assumed=not port and bool(usual), certain=True)


def _read(text: str, *, ends: frozenset[str] = frozenset()) -> tuple[str, int] | None:
    """Return the host and port of a text that is nothing else, None for any other and for what is the program's own."""
    found = _HOST_AND_PORT.match(text)
    if found is None or (found.end() < len(text) and text[found.end()] not in ends):
        return None
    port = int(found["port"] or 0)
    host = (found["six"] or found["host"]).lower()
    return (host, port) if port < 65536 and (port or not found["port"]) and _is_host(host) else None


def _is_host(host: str) -> bool:
    """Tell whether a text may be the name or the address of another machine."""
    if host in _NO_HOSTS or host.endswith(".localhost") or ".." in host:
        return False
    if ":" not in host and any(letter.isalpha() for letter in host):
        return max(map(len, host.split("."))) <= 63 and len(host) <= 253
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return not (address.is_unspecified or address.is_loopback)


def _in_plain(text: str, meaning: Meaning) -> Iterator[Address]:
    """Yield the addresses of a text without URLs: `tcp(host:port)` after a password, `key=value`, hosts in a list."""
    if dials := list(_DIAL.finditer(text)):
        for dial in dials:
            if one := _read(dial["at"]):
                yield Address(host=one[0], port=one[1], certain=True)
        return
    if "@" in text:
        return  # as in a mail address, or after a password
    plain = Meaning.PLAIN if _SENTENCE.search(text) else meaning
    secret, port = False, _PORT.search(text)
    for token in _TOKEN.finditer(text):
        key, equals, value = token[0].partition("=")
        of = meaning_of(key[-_LONGEST_NAME:]) if equals else plain
        secret = secret or (bool(equals) and of is Meaning.OTHER)
        if of is Meaning.HOST or not secret:  # the rest of a password looks like a word of its own
            for found in _in_word(value if equals else key, of):
                yield replace(found, port=int(port[1])) if equals and port and not found.port else found


def _in_word(word: str, meaning: Meaning) -> Iterator[Address]:
    head, slash, path = word.rstrip(".:").removeprefix(_GRPC).partition("/")
    if _ADDRESSED.fullmatch(path):
        yield from _in_word(f"{head}:{path.partition(':')[2]}", meaning)
        head, slash, path = path, "", ""
    one = _read(head)
    if one is None or meaning is Meaning.OTHER or (slash and not (one[1] and _PATH.fullmatch(path))):
        return  # the tag of an image stands in its path
    host, port = one
    if meaning is Meaning.HOST:
        yield Address(host=host, port=port, certain=True)
    elif (port >= _LOWEST or port in _LOW_PORTS) and (host[0].isalpha() or ip_in(host)):
        # What begins with a digit and is no IP is a date with its hour, or a version.
        yield Address(host=host, port=port, certain=".svc" in host)


_TARGET: Final = r"(?P<host>[A-Za-z0-9][A-Za-z0-9.\-]{0,252})"
_DIALS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:nc|ncat|netcat|telnet)(?:\s+-\S{{1,20}}(?:\s+\d{{1,5}})?){{0,6}}\s+{_TARGET}\s+(?P<port>\d{{1,5}})\b",
        rf"\b(?:nslookup|getent\s+(?:a?hosts(?:v4|v6)?))\s+{_TARGET}",
        rf"/dev/tcp/{_TARGET}/(?P<port>\d{{1,5}})\b",
    )
)
# The client programs of databases, with the flag of the port: `-p` of some has the password.
_CLIENTS: Final = {
    "psql": "-p|--port", "pg_isready": "-p|--port", "pg_dump": "-p|--port", "redis-cli": "-p|--port",
    "mysql": "-P|--port", "mysqladmin": "-P|--port", "mysqldump": "-P|--port", "mariadb": "-P|--port",
    "mariadb-admin": "-P|--port", "mongo": "--port", "mongosh": "--port",
}  # fmt: skip
_CLIENT: Final = re.compile(rf"(?<![\w.-])(?P<tool>{'|'.join(_CLIENTS)})(?=\s)(?P<rest>[^|;&\n]{{0,300}})")
_CLIENT_HOST: Final = re.compile(rf"\s(?:-h|--host)[ =]?{_TARGET}(?=\s|$|[\"'])")


def asked_hosts(text: str) -> Iterator[Address]:
    """Yield the hosts that the commands of a shell ask: netcat, look-ups, the clients of databases."""
    text = beginning(text)
    for pattern in _DIALS:
        for found in pattern.finditer(text):
            yield from _dial(found["host"], found.groupdict().get("port") or "")
    for client in _CLIENT.finditer(text):
        rest = client["rest"]
        if host := _CLIENT_HOST.search(rest):
            port = re.search(rf"\s(?:{_CLIENTS[client['tool']]})[ =]?(\d{{1,5}})(?=\s|$)", rest)
            yield from _dial(host["host"], port[1] if port else "")


def _dial(host: str, port: str) -> Iterator[Address]:
    yield from addresses_in(f"{host}:{port}" if port else host, meaning=Meaning.HOST)


# What a shell or the program itself replaces: nothing here tells by what.
_TEMPLATE: Final = re.compile(r"\$\{[^{}\n]{0,200}\}|\{\{[^{}\n]{0,200}\}\}|\$[A-Za-z_][A-Za-z0-9_]{0,100}")
# These name the pod itself.
_OWN_NAMES: Final = frozenset({"HOST", "HOSTNAME", "ADDR", "ADDRESS", "SERVER", "SERVICE"})
# Lines between a host and a port of a file that belong together although their names do not say so.
_NEAR: Final = 2
_HOST_SUFFIX: Final = re.compile(r"(?i)(?:HOSTNAME|HOST|ADDRESS|ADDR|SERVER|SERVICE|ENDPOINT)$")
_FLAG: Final = re.compile(r"-{1,2}(?P<name>[A-Za-z][\w.\-]{0,100})(?:=(?P<value>.*))?", re.DOTALL)
_ASSIGNED: Final = re.compile(r"(?P<name>[A-Za-z_][\w.\-]{0,100})=(?P<value>.*)", re.DOTALL)
_FIELD: Final = re.compile(
    r"\s*(?:-\s+)?[\"']?(?P<name>[A-Za-z_][\w.\-/]{0,100})[\"']?\s*(?:=|:(?=\s|$))\s*(?P<value>.*?)(?:\s#.*)?"
)
_COMMENT: Final = re.compile(r"\s*(?:#|//|;|--\s)")


@dataclass(frozen=True, slots=True)
class NamedValue:
    """A value with its name, "" without one, and where it stands."""

    name: str
    text: str
    source: str


def addresses_of_values(values: Sequence[NamedValue], *, of_variables: bool = False) -> Iterator[Address]:
    """Yield the addresses of named values. A host without a port has that of the variable beside it."""
    ports = _Ports(values)
    for at, value in enumerate(values):
        own = of_variables and value.name.upper() in _OWN_NAMES
        meaning = Meaning.PLAIN if own else meaning_of(value.name[-100:])
        for one in addresses_in(_TEMPLATE.sub(UNKNOWN, value.text), meaning=meaning):
            port = ports.beside(value.name, at) if meaning is Meaning.HOST and not (one.port or one.scheme) else 0
            yield replace(one, port=port or one.port, source=value.source)


class _Ports:
    """The values that are numbers of ports, by name and place."""

    def __init__(self, values: Sequence[NamedValue]) -> None:
        self._places: dict[str, list[tuple[int, int]]] = {}
        for at, value in enumerate(values):
            text = value.text.strip().strip("\"',")
            if value.name.upper().endswith("PORT") and text.isascii() and text.isdigit() and len(text) <= 5:
                self._places.setdefault(value.name.upper(), []).append((at, int(text)))

    def beside(self, name: str, at: int) -> int:
        """Return the port that belongs to the host of a name, 0 for none: the nearest, if several have its name."""
        stem = _HOST_SUFFIX.sub("", name.upper())
        for wanted in (f"{stem}PORT", f"{name.upper()}_PORT", f"{stem}SERVICE_PORT"):
            places = self._places.get(wanted)
            if places:
                place, port = min(places, key=lambda each: abs(each[0] - at))
                known = (stem and len(places) == 1) or abs(place - at) <= _NEAR
                return port if known and 0 < port < 65536 else 0
        return 0


def flag_values(words: Sequence[str], source: str) -> Iterator[NamedValue]:
    """Yield the values of a command line, by their flags: `--db-host=x`, `--db-host x`, `DB_HOST=x`, `x`."""
    flag = ""
    for word in words:
        found = _FLAG.fullmatch(word) or (_ASSIGNED.fullmatch(word) if not flag else None)
        if found is None:
            yield NamedValue(flag, word, source)
        elif found["value"] is not None:
            yield NamedValue(found["name"], found["value"], source)
        flag = found["name"] if found is not None and found["value"] is None else ""


def file_values(text: str, source: str) -> Iterator[NamedValue]:
    """Yield the lines of a file as values: `name: value` and `name=value`, and others without a name."""
    text = beginning(text)
    if text.lstrip()[:1] in ("{", "["):
        try:
            yield from _leaves("", json.loads(text), source)
        except (ValueError, RecursionError):
            pass
        else:
            return
    for line in text.splitlines():
        if _COMMENT.match(line):
            continue
        found = _FIELD.fullmatch(line)
        yield (
            NamedValue(found["name"], found["value"].strip("\"', "), source) if found else NamedValue("", line, source)
        )


def _leaves(name: str, value: Any, source: str) -> Iterator[NamedValue]:
    """Yield the texts and numbers of a JSON document, by the name of their field."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _leaves(str(key), each, source)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(name, each, source)
    else:
        yield NamedValue(name, str(value), source)
