"""Tell how much a message of a log says of a cause: the operating system's words, a server's refusal, a consequence.

A program's own sentence ("Application run failed") says less than the error that it wraps ("Connection refused"), and
what it does afterwards ("shutting down") says nothing of why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import re2

from bot.kube.services import unresolved_name

# Each class is one kind of cause, in the words of kernels, resolvers, TLS libraries, servers and interpreters.
_CLASSES: Final[Mapping[str, str]] = {
    "refused": r"connection[ _]refused|ECONNREFUSED|ConnectionRefused|actively refused|refused the connection"
    r"|Connection to \S+ refused|(?:os|connect)[ _]error:?[ _]111"
    r"|connection to \S+ .{0,60}could not be established|connect to (?:\w+ )?server on .{0,80}\(111\b",
    "unresolved": r"no such host|ENOTFOUND|EAI_AGAIN|name or service not known|name resolution|UnknownHostException"
    r"|could not resolve|could not translate host name|getaddrinfo|nodename nor servname|host not found"
    r"|does not resolve|failed to resolve|bad address|can't resolve|DNS resolution failed|unknown host"
    r"|server misbehaving|No resolvable bootstrap",
    "timeout": r"timed[ -]?out\b|ETIMEDOUT|ESOCKETTIMEDOUT|deadline exceeded|TimeoutE|Read ?Timeout"
    r"|(?:Connect(?:ion)?[ _]?|_|i/o )timeout"
    r"|timeout (?:expired|exceeded|occurred|while|waiting|reading|connecting|of \d)"
    r"|- no response\b|(?:still )?waiting for \S+:\d+|rejecting connections"
    r"|connect to (?:\w+ )?server on .{0,80}\(11[03]\b"
    r"|no route to host|EHOSTUNREACH|ENETUNREACH|network is unreachable",
    "reset": r"connection reset|ECONNRESET|broken pipe|EPIPE|socket hang up|unexpected EOF|connection aborted"
    r"|server closed the connection|prematurely closed|forcibly closed|connection_termination",
    "certificate": r"x509:|certificate (?:has expired|verify failed|is not trusted|signed by|is not yet valid|expired)"
    r"|CERT_HAS_EXPIRED|PKIX path|SSLHandshakeException|self[- ]signed certificate|unable to get local issuer"
    r"|UNABLE_TO_VERIFY|ERR_TLS_|doesn't match (?:any of the subject|host)|no alternative certificate|hostname mismatch"
    r"|altnames|UntrustedRoot|RemoteCertificate|unknown ca\b|bad certificate",
    "plain-text": r"wrong[ _]version[ _]number|HTTP response to HTTPS client|HTTP request to an HTTPS server"
    r"|first record does not look like a TLS|packet length too long|unrecognized SSL message|Not an SSL|frame corrupt"
    r"|plain HTTP request was sent to HTTPS",
    "login": r"password authentication failed|authentication fail|Access denied for user|WRONGPASS|NOAUTH"
    r"|invalid (?:username|password|credentials)|Login failed for user|SASL authentication|ACCESS_REFUSED"
    r"|Authorization Violation|no pg_hba\.conf entry|bad credentials|认证失败"
    r"|invalid_grant|InvalidAccessKeyId"
    r"|SignatureDoesNotMatch|could not find default credentials|NoCredential|Unable to locate credentials"
    r"|CredentialUnavailable|AuthenticationFailed|\b401\b.{0,20}Unauthorized|status(?: code)?:? 401|\bUnauthorized\b"
    r"|role \"[^\"]+\" does not exist|requires authentication|Authentication is required|requested by the login",
    "denied": r"permission denied|EACCES|EPERM|operation not permitted|AccessDenied|not authorized to perform"
    r"|PERMISSION_DENIED|status(?: code)?:? 403|\b403 Forbidden|access (?:is )?denied|AuthorizationFailed"
    r"|PermissionError|insufficient (?:privilege|permission)|UnauthorizedAccess"
    r"|permissions? .{0,80}too open|is forbidden: User|NOT_AUTHORIZED|not authorized|Code: 40[13]\b",
    "full": r"no space left|ENOSPC|disk (?:is )?full|disk quota exceeded|EDQUOT|could not extend file|is full due to"
    r"|flood-stage|read-only-allow-delete|MISCONF",
    "read-only": r"read-only file ?system|EROFS|readonly database|read-only transaction",
    "in-use": r"address (?:already )?in use|EADDRINUSE|port \d+ (?:is|was) already in use|AddressInUse"
    r"|Only one usage of each socket",
    "limit": r"too many (?:open files|clients|connections|requests)|EMFILE|ENFILE|remaining connection slots"
    r"|worker_connections are not enough|max_connections|status(?: code)?:? 429|rate limit|RESOURCE_EXHAUSTED"
    r"|pool (?:has been |is )?(?:exhausted|limit|timeout)|QueuePool limit|Connection is not available"
    r"|ThrottlingException|connection from the pool"
    r"|pool is (?:probably )?full|max number of clients|quota limit|server reached \S+ setting",
    "memory": r"OutOfMemory|out of memory|MemoryError|cannot allocate memory|ENOMEM"
    r"|memory exhausted|Allowed memory size",
    "missing": r"no such file|ENOENT|FileNotFound|cannot find module|ModuleNotFound|ClassNotFound|NoClassDefFound"
    r"|cannot open shared object|GLIBC|version `|symbol not found|not found in PATH|command not found"
    r"|does not exist|No module named|LoadError|Unable to load|DllNotFound|undefined symbol|cannot load such file",
    "format": r"exec format error|cannot execute binary|illegal instruction|SIGILL|(?:requires|lacks?|without) AVX",
    "setting": r"environment variable|must be set|is not set|unbound variable|parameter not set|is required"
    r"|missing (?:required|field)|required key|KeyError|unknown (?:flag|shorthand|option|command|directive|key|field)"
    r"|unrecognized (?:option|argument|VM option)|invalid (?:option|argument|value|configuration|port)"
    r"|flag provided but not defined|NotPresent"
    r"|no configuration setting|cannot be (?:blank|empty|null)",
    "syntax": r"yaml:|syntax error|parse error|parsing|unmarshal|JSONDecode|SyntaxError|ScannerError|unexpected token"
    r"|invalid character|mapping values are not allowed|did not find expected|TOML|malformed"
    r"|could not parse",
    "migration": r"migration|Flyway|Liquibase|changelog lock|dirty database|alembic|relation \"[^\"]+\" does not exist"
    r"|Table '[^']+' doesn't exist|no such table|unknown database|database \"[^\"]+\" does not exist|undefined column",
    "lock": r"deadlock|lock wait timeout|could not obtain lock|lock timeout|could not lock|lock file|LockTimeout"
    r"|database is locked|already running",
    "root": r"(?:run|running|started?|execut\w+) as root|must not be run as root|not permitted as root|must be root"
    r"|root user|as (?:the )?superuser|superuser privileges|\"root\" execution|unprivileged user",
    "clock": r"clock (?:skew|difference)|Signature expired|RequestTimeTooSkewed|token used before issued|time skew",
}
# RE2 takes the time of one pass, however many alternatives there are.
_SPECIFIC: Final = re2.compile(
    "(?i)" + "|".join(f"(?P<{name.replace('-', '_')}>{each})" for name, each in _CLASSES.items())
)
# What a program does after it failed, or says of a part that ended.
_CONSEQUENCE: Final = re.compile(
    r"""(?ix)^\W*(?:\w+[:=]\s*)?(?:shutting\s?down|shutdown|exit(?:ing|ed)?\b|stopping|stopped|terminat(?:ed|ing)|closing|closed
      |giving\ up|abort(?:ed|ing)|quitting|killed|received\ (?:signal|SIG)|graceful|cleanup|bye|finished)
      | exit\ (?:status|code)|exited\ with|npm\ (?:ERR!|error)|ELIFECYCLE|context\ canceled|Application\ run\ failed$
      | (?:startup\ failed|could\ not\ start|start\ failed)(?:\ application)?\W*$
      | failed\ to\ start(?:\ server|\ application|\ service)?(?:\ in\ .{0,20}mode)?\W*$
      | Exception\ encountered\ during\ startup
      | (?:error|exception)\ (?:during|in)\ (?:startup|initiali[sz]ation)\W*$
      | (?:worker|process|child|server)\ .{0,40}(?:exited|died|failed\ to\ boot)|stream\ closed|pool\ (?:is\ )?closed
      | errors?\ occurred|see\ (?:the\ )?log|command\ failed|error\ Command|Process\ completed|has\ been\ closed
      | Could\ not\ create\ the\ Java|Error\ starting\ ApplicationContext|stopped\ processing|threw\ exception
      | fatal\ exception\ has\ occurred|all\ tasks\ failed|Unable\ to\ open\ logs|rolled\ back
      | failed\ while\ attempting"""
)
# A connection could not be made, or broke.
CONNECTING: Final = frozenset({"refused", "unresolved", "timeout", "reset"})
# A program that logs its own failure as information means one of these. Others are what it answered to a client.
_INFORMED: Final = CONNECTING | {"certificate", "plain-text", "full", "read-only"}
# These often follow from another failure of the same log.
_SOFT: Final = frozenset({"timeout", "reset", "limit"})
# Words of these classes stand in ordinary lines too: without a level they are no error.
_WORDY: Final = frozenset({"setting", "syntax", "migration", "lock", "root", "memory", "missing"})
# A named exception says more than a program's own sentence.
_NAMED: Final = re.compile(r"[\w:.](?:Exception|Error): \w")
_CLAUSE: Final = re.compile(r"[:;,]\s+|\s+\(|[{|]")
_ACCESS: Final = re.compile(r"\"?(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \S+(?: HTTP/|\"? \d{3}\b)")


def class_of(message: str) -> str:
    """Return the class of the cause that a message tells, "" if it tells none: `refused`, `certificate`, `setting` …"""
    found = _SPECIFIC.search(message)
    return str(found.lastgroup).replace("_", "-") if found else ""


def telling_words(message: str) -> str:
    """Return the words of a message that tell its cause, "" if it tells none."""
    found = _SPECIFIC.search(message)
    return str(found[0]) if found else ""


def focused(message: str, *, most: int) -> str:
    """Return a message that is too long without its first clauses, so that what tells the cause is near its start."""
    if len(message) <= most:
        return message
    begin = 0
    found = _SPECIFIC.search(message)
    if found and found.end() > most:
        clauses = (each.end() for each in _CLAUSE.finditer(message, 0, found.start()))
        begin = next((each for each in clauses if found.end() - each <= most), found.start())
    elif found is None and (named := list(_NAMED.finditer(message))):
        # A program's own sentence before an exception says less.
        begin = max((each.end() for each in _CLAUSE.finditer(message, 0, named[-1].start())), default=0)
    return f"… {message[begin:]}" if begin else message


def is_error(message: str) -> bool:
    """Tell whether a line without a level reports an error, by the words of a system or server in it."""
    return class_of(message) not in {"", *_WORDY} and not _ACCESS.search(message)


def is_own_error(message: str) -> bool:
    """Tell whether a line that is logged as information reports what the program itself fails at."""
    return class_of(message) in _INFORMED and is_error(message)


def weight_of(message: str, *, unhandled: bool) -> float:
    """Return how much a message says of a cause, 0 for a consequence; `unhandled`: an exception ended the program."""
    kind = class_of(message)
    if not kind and _CONSEQUENCE.search(message):
        return 0
    told = (1.5 if _NAMED.search(message) else 1) if not kind else 2 if kind in _SOFT else 3
    return max(told, 2.5) + told / 10 if unhandled else told


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The other end of a connection that a log names; port 0 where it names none."""

    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.host and self.port else self.host


NO_PEER: Final = Peer()
_HOST: Final = r"(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_](?:[\w-]*\w)?(?:\.[\w-]+)*)"
_PORT: Final = r"(?P<port>[1-9]\d{0,4})"
# How clients name the host and port that they failed to reach, the surest forms first.
_PEERS: Final = tuple(
    re.compile(pattern.replace("HOST", _HOST).replace("PORT", _PORT))
    for pattern in (
        r"(?i)connection to server at \"HOST\"(?: \([^)]*\))?, port PORT",
        r"(?i)\bdial (?:tcp|udp)[46]? HOST:PORT",
        r"(?i)\b(?:read|write) (?:tcp|udp)[46]? \S+->HOST:PORT",
        r"\bE[A-Z]{6,14} HOST:PORT",
        r"(?i)HTTPS?ConnectionPool\(host='HOST', port=PORT\)",
        r"(?i)connect(?:ion|ing|ed)? to (?:[a-z]+ )?(?:at |on |server )?['\"(]?HOST[: ](?:port )?PORT",
        r"(?i)(?:server|host|address|endpoint|broker|node|upstream|peer)s?(?: at| on)?[:=]?\s*['\"\[(]*(?:\w+://)?HOST:PORT\b",
        r"(?i)(?<!see )(?<!visit )\b[a-z][a-z0-9+.]*://(?:[^\s/@]*@)?HOST(?::PORT)?(?=[/\s\"'),?;]|$)",
        r"(?i)\bon ['\"]?HOST:PORT\b",
        r"(?i)\bhost(?:name)?['\"]?\s*[=:]\s*['\"]?HOST['\"]?[\s,;]+['\"]?port['\"]?\s*[=:]\s*['\"]?PORT",
        r"(?i)\baddress['\"]?\s*[=:]\s*['\"]?HOST['\"]?[\s,;]+['\"]?port['\"]?\s*[=:]\s*['\"]?PORT",
        r"(?i)(?:connect to|on|at) (?:host |server )?['\"]?HOST['\"]?,? (?:on )?port:? PORT",
        r"(?<![.\w/:])(?P<host>[a-z0-9][\w-]*(?:\.[\w-]+)*|\d+(?:\.\d+){3}):PORT\b(?![:.]\d)",
    )
)
_OWN: Final = frozenset({"localhost", "0.0.0.0", "127.0.0.1", "::", "::1"})
_NO_HOST: Final = re.compile(
    r"\.(?:go|py|js|ts|java|rb|php|rs|cs|c|cc|cpp|kt|scala|ya?ml|json|conf|toml|ini|sh|sql)$|^\d+$|^port$"
)


def peer_in(lines: Iterable[str]) -> Peer:
    """Return the host and port that lines about a failed connection name; empty where they name none.

    The lines are read together: some programs write the address after the message.
    """
    known = tuple(lines)
    name = next(filter(None, map(unresolved_name, known)), "")
    text = "\n".join(known)
    for pattern in _PEERS:
        for found in pattern.finditer(text):
            host, port = found["host"].strip("[]"), int(found["port"] or 0)
            if port < 65536 and not _NO_HOST.search(host) and (not name or host == name):
                return Peer(host=host, port=port)
    return Peer(host=name)


def is_own(peer: Peer) -> bool:
    """Tell whether a peer is the program's own pod."""
    return peer.host in _OWN or peer.host.startswith("127.")
