"""Generate a hundred credentials of common formats from a seed, and search outputs for them.

Each value occurs once, so that a leak names its format and the place where it was planted. Next to each is a harmless
word, its marker, which proves that text from that place reaches the output.
"""

from __future__ import annotations

import base64
import json
import random
import re
import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_HOLE: Final = "§"
# A leak is a run of this many characters that occurs only in the secret. Times and trace ids contain any eight digits
# of a hexadecimal secret sooner or later.
_TELLING: Final = 8
_TELLING_HEX: Final = 12
_HEXADECIMAL: Final = re.compile(r"[0-9A-Fa-f]+")
_RUN: Final = re.compile(r"[A-Za-z0-9]+")
_LONG_RUN: Final = re.compile(rb"[A-Za-z0-9]{%d,}" % _TELLING)
_LONG_HEXADECIMAL: Final = re.compile(rb"[0-9A-Fa-f]{%d,}" % _TELLING_HEX)
_ENCODED: Final = re.compile(rb"[A-Za-z0-9+/_-]{12,}")

Make = Callable[[random.Random], str]


def _of(alphabet: str, length: int) -> Make:
    return lambda chance: "".join(chance.choices(alphabet, k=length))


_MIXED: Final = string.ascii_letters + string.digits
_HEX: Final = string.digits + "abcdef"


def mixed(length: int) -> Make:
    return _of(_MIXED, length)


def hexadecimal(length: int) -> Make:
    return _of(_HEX, length)


def upper(length: int) -> Make:
    return _of(string.ascii_uppercase + "234567", length)


def encoded(length: int) -> Make:
    """Return a maker of base64 text."""
    return lambda chance: base64.b64encode(chance.randbytes(length * 3 // 4)).decode()


def uuid(chance: random.Random) -> str:
    digits = hexadecimal(32)(chance)
    return "-".join((digits[:8], digits[8:12], f"4{digits[13:16]}", f"a{digits[17:20]}", digits[20:]))


def password(chance: random.Random) -> str:
    """Return a password as generators or people choose it."""
    first, last = chance.choice("TQXKM"), chance.choice("379")
    return f"{first}{mixed(chance.randint(9, 16))(chance)}{last}{chance.choice(['', '!', '_x', '.Z', '@4', '%s', '$'])}"


def word(chance: random.Random) -> str:
    """Return a password of lower-case letters."""
    return "".join(chance.choices(string.ascii_lowercase, k=12))


def lines(chance: random.Random) -> str:
    """Return the body of a PEM key."""
    return "\n".join([encoded(64)(chance) for _ in range(4)] + [encoded(28)(chance)])


def token(chance: random.Random) -> str:
    """Return a JSON Web Token without its first three letters."""
    claims = {"iss": mixed(12)(chance), "sub": mixed(16)(chance)}
    head = base64.urlsafe_b64encode(b'{"alg":"RS256","kid":"%s"}' % mixed(20)(chance).encode()).decode()
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()
    return f"{head[3:].rstrip('=')}.{body.rstrip('=')}.{mixed(86)(chance)}"


def basic(chance: random.Random) -> str:
    """Return user:password in base64."""
    return base64.b64encode(f"{mixed(6)(chance)}:{password(chance)}".encode()).decode()


def _key(kind: str) -> str:
    return f"-----BEGIN {kind}-----\n§\n-----END {kind}-----"


# Name, form in a text (§ is the secret), generator.
SHAPES: Final[tuple[tuple[str, str, Make], ...]] = (
    # clouds
    ("AWS access key id", "signed with AKIA§ for s3", upper(16)),
    ("AWS temporary key id", "assumed role, key ASIA§", upper(16)),
    ("AWS secret access key", "aws_secret_access_key = §", encoded(40)),
    ("AWS secret in the environment", "AWS_SECRET_ACCESS_KEY=§", encoded(40)),
    ("AWS session token", "export AWS_SESSION_TOKEN=IQoJb3JpZ2luX2Vj§", encoded(120)),
    ("presigned S3 URL", "GET https://b.s3.amazonaws.com/dump.gz?X-Amz-Date=20260302T030000Z&X-Amz-Signature=§",
     hexadecimal(64)),
    ("security token of a presigned URL", "https://b.s3.amazonaws.com/k?X-Amz-Security-Token=§&X-Amz-Expires=300",
     mixed(90)),
    ("Google API key", "https://maps.googleapis.com/v1?key=AIza§", mixed(35)),
    ("Google access token", "using ya29.§ to list buckets", mixed(60)),
    ("Google client secret", "oauth client GOCSPX-§", mixed(28)),
    ("Google service account key",
     '{"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----\\n§\\n-----END PRIVATE KEY-----\\n"}',
     encoded(64)),
    ("signed URL of Google storage", "https://storage.googleapis.com/b/o?X-Goog-Date=1&X-Goog-Signature=§",
     hexadecimal(128)),
    ("Azure storage account key",
     "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=§;EndpointSuffix=core.windows.net", encoded(86)),
    ("Azure shared access signature", "https://shop.blob.core.windows.net/c/b?sv=2024-11-04&sig=§", mixed(44)),
    ("Azure client secret", "AZURE_CLIENT_SECRET: abc8Q~§", mixed(34)),
    ("Azure Service Bus", "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=root;SharedAccessKey=§",
     encoded(44)),
    ("Azure SQL", "Server=tcp:shop.database.windows.net,1433;User ID=app;Password=§;Encrypt=True", password),
    ("Tencent secret key", "TENCENTCLOUD_SECRET_KEY=§", mixed(32)),
    ("DigitalOcean token", "doctl auth init -t dop_v1_§", hexadecimal(64)),
    # code and packages
    ("GitHub token", "remote: invalid credentials ghp_§", mixed(36)),
    ("GitHub app token", "fatal: could not use ghs_§ for clone", mixed(36)),
    ("GitHub fine-grained token", "token github_pat_§ has expired", mixed(70)),
    ("GitHub token in a URL", "unable to access 'https://x-access-token:§@github.com/acme/shop.git/'", mixed(40)),
    ("GitHub token as user of a URL", "git clone https://§@github.com/acme/shop", mixed(40)),
    ("GitLab token", "PRIVATE-TOKEN: glpat-§", mixed(20)),
    ("GitLab runner token", "registering runner glrt-§", mixed(20)),
    ("Atlassian token", "login with ATATT3xFfGF0§ failed", mixed(60)),
    ("npm token", "npm ERR! auth npm_§", mixed(36)),
    (".npmrc", "//npm.acme.example/:_authToken=§", uuid),
    ("PyPI token", "twine upload -p pypi-§", mixed(100)),
    ("RubyGems key", "gem push --key rubygems_§", hexadecimal(48)),
    ("Docker Hub token", "docker login -u acme with dckr_pat_§", mixed(27)),
    # services
    ("Slack bot token", "starting with xoxb-712345678901-812345678901-§", mixed(24)),
    ("Slack user token", "starting with xoxp-712345678901-812345678901-§", mixed(32)),
    ("Slack app token", "socket mode xapp-1-A0123456789-81234567890-§", hexadecimal(64)),
    ("Slack webhook", "POST https://hooks.slack.com/services/T012AB3CD/B012AB3CD/§: 404", mixed(24)),
    ("Discord webhook", "POST https://discord.com/api/webhooks/112233445566778899/§", mixed(68)),
    ("Teams webhook", "POST https://acme.webhook.office.com/webhookb2/x@y/IncomingWebhook/§/z", hexadecimal(32)),
    ("DingTalk webhook", "https://oapi.dingtalk.com/robot/send?access_token=§", hexadecimal(64)),
    ("WeCom webhook", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=§", uuid),
    ("Feishu webhook", "https://open.feishu.cn/open-apis/bot/v2/hook/§", uuid),
    ("Telegram bot", "https://api.telegram.org/bot7123456789:AA§/sendMessage", mixed(33)),
    ("Stripe key", "Invalid API Key provided: sk_live_§", mixed(24)),
    ("Stripe webhook secret", "verifying with whsec_§", mixed(32)),
    ("SendGrid key", "smtp auth SG.§", lambda chance: f"{mixed(22)(chance)}.{mixed(43)(chance)}"),
    ("OpenAI key", "Incorrect API key provided: sk-proj-§", mixed(48)),
    ("Anthropic key", "x-api-key: sk-ant-api03-§", mixed(80)),
    ("Hugging Face token", "downloading with hf_§", mixed(34)),
    ("Grafana token", "remote_write with glsa_§", lambda chance: f"{mixed(32)(chance)}_{hexadecimal(8)(chance)}"),
    ("Datadog key", "DD_API_KEY=§", hexadecimal(32)),
    ("New Relic key", "agent with NRAK-§", upper(27)),
    ("Sentry DSN", "dsn https://§@o11.ingest.sentry.io/42", hexadecimal(32)),
    ("Twilio token", 'TWILIO_AUTH_TOKEN: "§"', hexadecimal(32)),
    ("Databricks token", "cli with dapi§", hexadecimal(32)),
    ("Vault token", "vault login hvs.§", mixed(90)),
    ("older Vault token", "X-Vault-Token: s.§", mixed(24)),
    ("age key", "sops: AGE-SECRET-KEY-1§", upper(58)),
    # headers and tokens
    ("JSON Web Token", "id token eyJ§ is expired", token),
    ("bearer with a JSON Web Token", "curl -H 'Authorization: Bearer eyJ§' https://10.96.0.1", token),
    ("bearer", '{"Authorization": "Bearer §"}', mixed(40)),
    ("basic authentication", "Authorization: Basic §", basic),
    ("proxy authentication", "Proxy-Authorization: Basic §", basic),
    ("curl with a user", "curl -sS -u admin:§ https://harbor.acme.io/api", password),
    ("cookie", "Cookie: lang=de; sessionid=§; theme=dark", mixed(32)),
    ("set cookie", "Set-Cookie: JSESSIONID=§; Path=/; HttpOnly", upper(32)),
    ("API key header", "X-Api-Key: §", hexadecimal(40)),
    ("access token in a URL", "GET /v1/me?access_token=§&page=2 HTTP/1.1", mixed(40)),
    ("refresh token", '{"token_type":"bearer","refresh_token":"§"}', mixed(40)),
    ("client secret of a form", "grant_type=client_credentials&client_id=shop&client_secret=§", mixed(32)),
    ("kubeadm token", "kubeadm join 10.0.0.1:6443 --token abcdef.§ --v=5", _of(string.ascii_lowercase + "0123", 16)),
    # keys
    ("RSA key", _key("RSA PRIVATE KEY"), lines),
    ("SSH key", _key("OPENSSH PRIVATE KEY"), lines),
    ("WireGuard key", "PrivateKey = §", encoded(44)),
    ("htpasswd", "admin:$2y$10$§", mixed(53)),
    ("shadow", "root:$6$rounds$§:19000:0:99999:7:::", mixed(80)),
    # Kubernetes
    ("kubeconfig token", "users:\n- name: admin\n  user:\n    token: §", mixed(48)),
    ("kubeconfig key", "users:\n- name: admin\n  user:\n    client-key-data: §", encoded(160)),
    ("kubeconfig password", "users:\n- name: admin\n  user: {username: admin, password: §}", password),
    ("docker config", '{"auths":{"registry.acme.io":{"username":"robot","auth":"§"}}}', basic),
    ("Secret", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  dsn: §\ntype: Opaque", encoded(40)),
    ("Secret as it was applied", '{"kind":"Secret","stringData":{"dsn":"§"},"type":"Opaque"}', mixed(24)),
    ("Helm values", "mariadb:\n  auth:\n    rootPassword: §\n    database: shop", password),
    ("Helm argument", "helm upgrade shop acme/shop --set auth.password=§ --wait", password),
    # databases
    ("PostgreSQL", "dial postgres://app:§@db.shop:5432/orders?sslmode=disable failed", password),
    ("MySQL", "dsn app:§@tcp(tidb.orders:4000)/orders is not reachable", mixed(14)),
    ("Redis", "redis://:§@redis-0.redis:6379/0", mixed(20)),
    ("RabbitMQ", "amqp://shop:§@mq.shop:5672/orders refused", password),
    ("MongoDB", "mongodb+srv://app:§@cluster0.acme.mongodb.net/shop", password),
    ("JDBC", "jdbc:mysql://db:3306/shop?user=app&password=§&useSSL=false", mixed(16)),
    ("libpq", "host=db port=5432 user=app password=§ dbname=shop", password),
    ("mysql -p", "mysql -h tidb -u root -p§ -e 'select 1'", mixed(14)),
    ("redis-cli -a", "redis-cli -h redis -a § ping", mixed(16)),
    ("PGPASSWORD", "PGPASSWORD=§ psql -h db -U app", password),
    ("identified by", "CREATE USER 'app'@'%' IDENTIFIED BY '§'", password),
    # telling names
    ("argument with =", "--db-password=§ --verbose", password),
    ("argument", "--db-password § --verbose", mixed(16)),
    ("environment", "DB_PASSWORD: §", password),
    ("property", "spring.datasource.password=§", word),
    ("assignment", 'signing_secret = "§"', mixed(32)),
    ("Chinese", "数据库密码：§", password),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One secret in one place. `text` contains it, `marker` is the harmless word next to it."""

    shape: str
    place: str
    secret: str
    text: str
    marker: str

    @property
    def line(self) -> str:
        """Return the text as one line after its marker, as programs log multi-line values."""
        escaped = json.dumps(self.text, ensure_ascii=False)[1:-1] if "\n" in self.text else self.text
        return f"{self.marker} {escaped}"

    @property
    def block(self) -> str:
        """Return the unchanged text below its marker."""
        return f"{self.marker}\n{self.text}"


def planted(place: str) -> tuple[Planted, ...]:
    """Return every format with values unique to this place."""
    return tuple(_plant(place, number) for number in range(len(SHAPES)))


def _plant(place: str, number: int) -> Planted:
    shape, form, make = SHAPES[number]
    chance = random.Random(f"{place}/{shape}")
    secret = make(chance)
    marker = f"beside-{place}-{number}"
    return Planted(shape=shape, place=place, secret=secret, text=form.replace(_HOLE, secret), marker=marker)


class Search:
    """Searches outputs for parts of secrets, also inside base64."""

    def __init__(self, secrets: Iterable[Planted]) -> None:
        self._owners: dict[bytes, Planted] = {}
        # Runs without a leak: most outputs repeat those of others.
        self._harmless: set[bytes] = set()
        for one in secrets:
            for part in _parts(one.secret):
                self._owners.setdefault(part.encode(), one)

    def leaks(self, outputs: Mapping[str, str | bytes]) -> list[str]:
        """Return a line for each leaked secret and its output; empty if nothing leaked."""
        found: dict[str, None] = {}
        for path, output in outputs.items():
            raw = output.encode("utf-8", "replace") if isinstance(output, str) else output
            for part, one in self._in(raw):
                found[f"{one.shape}, planted in {one.place}, is in {path}: …{part.decode()}…"] = None
        return sorted(found)

    def _in(self, raw: bytes) -> Iterator[tuple[bytes, Planted]]:
        seen: set[Planted] = set()
        encoded = set(_ENCODED.findall(raw)) - self._harmless
        decoded = b" ".join(filter(None, map(_decoded, encoded)))
        for run in {*_LONG_RUN.findall(raw), *_LONG_RUN.findall(decoded)} - self._harmless:
            found = [part for part in _windows(run) if part in self._owners]
            if not found:
                self._harmless.add(run)
            for part in found:
                one = self._owners[part]
                if one not in seen:
                    seen.add(one)
                    yield part, one
        if not seen:
            self._harmless |= encoded


def _windows(run: bytes) -> Iterator[bytes]:
    """Yield every part of a run that has the length of a telling one."""
    yield from (run[at : at + _TELLING] for at in range(len(run) - _TELLING + 1))
    for digits in _LONG_HEXADECIMAL.findall(run):
        yield from (digits[at : at + _TELLING_HEX] for at in range(len(digits) - _TELLING_HEX + 1))


def _parts(secret: str) -> Iterator[str]:
    """Yield the parts that only the secret has, also of its decoded form."""
    forms = [secret]
    if (inner := _decoded(secret.encode())) and inner.isascii():
        forms.append(inner.decode())
    for form in forms:
        for run in _RUN.findall(form):
            length = min(len(run), _TELLING_HEX) if _HEXADECIMAL.fullmatch(run) else _TELLING
            yield from (run[at : at + length] for at in range(len(run) - length + 1) if length >= _TELLING)


def _decoded(run: bytes) -> bytes:
    whole = run[: len(run) // 4 * 4]
    try:
        return base64.b64decode(whole, altchars=b"-_" if b"-" in whole or b"_" in whole else None)
    except ValueError:
        return b""


def files_in(directory: Path) -> dict[str, bytes]:
    """Return the raw bytes of every file below a directory, including write-ahead logs."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}
