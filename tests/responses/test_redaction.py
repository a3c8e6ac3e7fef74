"""Test that credentials of known shapes are redacted and ordinary text is left alone."""

import base64
import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.catalog.loader import builtin_directory, load
from responses.redaction import REDACTED, redact
from tests.end_to_end.planted import Planted, Search, planted

ALPHANUMERIC = string.ascii_letters + string.digits
BASE64 = ALPHANUMERIC + "+/"
TOKEN = ALPHANUMERIC + "-_"


def _word(alphabet: str, low: int, high: int) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=low, max_size=high)


# A password as people and generators make it: mixed characters, never a word, a placeholder or an object's name.
password = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(string.ascii_uppercase),
    _word(ALPHANUMERIC + "!@%^*_+-.", 6, 40),
    st.sampled_from(string.digits),
    st.sampled_from(string.ascii_lowercase),
)
token = st.builds("{}{}".format, _word(TOKEN, 20, 60), st.sampled_from(["a1B", "Z9z"]))

NAMES = [
    "password", "DB_PASSWORD", "mysql-root-password", "passwd", "pwd", "DB_PASS", "passphrase", "token", "authToken",
    "client_secret", "clientSecret", "apiKey", "api-key", "API_KEY", "AWS_SECRET_ACCESS_KEY", "secret_key", "accessKey",
    "spring.datasource.password", "-Djavax.net.ssl.keyStorePassword", "PGPASSWORD", "redis_password2", "credential",
]  # fmt: skip
PAIRS = [
    "{name}={secret}",
    "{name} = {secret}",
    "{name}: {secret}",
    '{name}: "{secret}"',
    "{name}:  '{secret}'",
    "  - {name}: {secret}  # of the old cluster",
    "export {name}={secret}",
    '"{name}": "{secret}"',
    '"{name}":"{secret}"',
    r"{{\"{name}\":\"{secret}\"}}",
    "'{name}': '{secret}'",
    "--{name}={secret}",
    "Server=db;User Id=sa;{name}={secret};Encrypt=true",
    "jdbc:mysql://db:3306/shop?user=a&{name}={secret}&useSSL=false",
    'time="2026-03-02T03:00:00Z" level=info msg="connecting" {name}={secret} host=db',
    "connection failed for {name}={secret}, giving up",
    # As people write it in a chat.
    "it is {name}: `{secret}`",
    "`{name}`: `{secret}`",
    "use `{name}`: {secret} please",
    "{name}=`{secret}` or so",
    "*{name}*: {secret}",
    "try _{name}_ = *{secret}*",
    "**{name}**: **{secret}**",
    "“{name}”: “{secret}”",
    "{name}: ~{secret}~ rotated",
    '{{"name":"{name}","value":"{secret}"}}',
    "- name: {name}\n  value: {secret}",
    '- name: {name}\n  value: "{secret}"',
]
SHAPES = {
    "https://admin:{}@registry.example.com/v2/": password.filter(lambda word: "/" not in word),
    "postgres://app:{}@db.shop:5432/orders?sslmode=disable": password,
    "root:{}@tcp(tidb.orders:4000)/test": password.filter(lambda word: "@" not in word),
    "redis-cli -u redis://:{}@redis:6379": password,
    "Authorization: Bearer {}": token,
    "authorization: bearer {}": token,
    "'Authorization': 'Token {}'": token,
    "curl -H 'X-Auth-Token: {}' https://api": token,
    "Cookie: session={}; theme=dark": token,
    "Set-Cookie: sid={}": token,
    "kubeadm join 10.0.0.1:6443 --token {} --discovery-token-ca-cert-hash sha256:0123": _word(
        string.ascii_lowercase + string.digits, 6, 6
    ).map(lambda word: f"{word}.{word}{word}1234"),
    "mysql -u root --password {} -e 'select 1'": password,
    "CREATE USER 'a' IDENTIFIED BY '{}'": password,
    "the key is {} they say": st.one_of(
        _word(string.ascii_uppercase + string.digits, 16, 16).map(lambda word: f"AKIA{word}"),
        _word(ALPHANUMERIC, 36, 36).map(lambda word: f"ghp_{word}"),
        _word(ALPHANUMERIC + "_", 60, 82).map(lambda word: f"github_pat_{word}"),
        _word(ALPHANUMERIC, 20, 20).map(lambda word: f"glpat-{word}"),
        _word(ALPHANUMERIC, 24, 24).map(lambda word: f"xoxb-123456789012-1234567890123-{word}"),
        _word(ALPHANUMERIC, 60, 60).map(lambda word: f"xapp-1-A0123-456-{word}"),
        _word(TOKEN, 35, 35).map(lambda word: f"AIza{word}"),
        _word(TOKEN, 40, 80).map(lambda word: f"ya29.{word}"),
        _word(TOKEN, 60, 90).map(lambda word: f"hvs.{word}"),
        _word(ALPHANUMERIC, 24, 30).map(lambda word: f"sk_live_{word}"),
    ),
    "posted to https://hooks.slack.com/services/{}": _word(ALPHANUMERIC, 24, 24).map(lambda word: f"T01/B01/{word}"),
    "client-key-data: {}": _word(BASE64, 40, 200),
    "certificate-authority-data: LS0tLS1CRUdJTi{}": _word(BASE64, 40, 200),
    '{{"auths":{{"r.io":{{"auth":"{}"}}}}}}': _word(BASE64, 16, 40),
}


def _survives(secret: str, shown: str, around: str = "") -> bool:
    """Return whether a recognisable part of the secret is left, beyond the text around it."""
    parts = {secret[at : at + 6] for at in range(max(1, len(secret) - 5))}
    return any(part in shown and part not in f"{around}{REDACTED}" for part in parts)


@given(name=st.sampled_from(NAMES), form=st.sampled_from(PAIRS), secret=password)
def test_value_of_a_secret_name_is_redacted(name: str, form: str, secret: str) -> None:
    shown = redact(form.format(name=name, secret=secret))

    assert not _survives(secret, shown, form.format(name=name, secret=""))
    assert REDACTED in shown


@given(data=st.data())
def test_secret_of_a_known_shape_is_redacted(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(sorted(SHAPES)))
    secret = data.draw(SHAPES[form])

    shown = redact(form.format(secret))

    assert not _survives(secret, shown, form)
    assert REDACTED in shown


@given(user=_word(string.ascii_lowercase, 1, 10), secret=password)
def test_basic_authentication_is_redacted_with_and_without_its_header(user: str, secret: str) -> None:
    encoded = base64.b64encode(f"{user}:{secret}".encode()).decode()

    for text in (
        f"Authorization: Basic {encoded}",
        f"retry with Basic {encoded} failed",
        f'"authorization":"Basic {encoded}"',
    ):
        assert not _survives(encoded, redact(text))


@given(
    header=_word(TOKEN, 20, 60), payload=_word(TOKEN, 20, 200), signature=_word(TOKEN, 20, 90), cut=st.integers(20, 60)
)
def test_a_json_web_token_is_redacted_whole_or_cut(header: str, payload: str, signature: str, cut: int) -> None:
    whole = f"eyJ{header}.eyJ{payload}.{signature}"

    assert redact(f"got {whole}, expected another") == f"got {REDACTED}, expected another"
    assert redact(f"got {whole[:cut]}") == f"got {REDACTED}"


@given(
    lines=st.lists(_word(BASE64, 64, 64), min_size=1, max_size=30),
    kind=st.sampled_from(["", "RSA ", "EC ", "OPENSSH "]),
)
def test_a_private_key_is_redacted_whole_cut_in_json_and_line_by_line(lines: list[str], kind: str) -> None:
    begin, end = f"-----BEGIN {kind}PRIVATE KEY-----", f"-----END {kind}PRIVATE KEY-----"
    mixed = [line for line in lines if _is_random(line)]
    whole = "\n".join([begin, *lines, end])

    for text in (whole, "\n".join([begin, *lines]), json.dumps({"key": whole}), f"before {whole} after"):
        shown = redact(text)
        assert not any(line in shown for line in lines)
        assert shown.count("\n") == text.count("\n")
    assert not any(line in redact(f"  {line}") for line in mixed)


def _is_random(line: str) -> bool:
    return min(sum(map(kind, line)) for kind in (str.isupper, str.islower, str.isdigit)) >= 3


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  user: {}\n  ca.crt: |\n    {}\ntype: Opaque",
        "kind: List\nitems:\n- kind: Secret\n  stringData:\n    anything: {}\n    other: {}\n  type: Opaque",
        '{{"kind":"Secret","data":{{"user":"{}","ca.crt":"{}"}},"type":"Opaque"}}',
        r"last-applied: {{\"kind\":\"Secret\",\"data\":{{\"user\":\"{}\",\"x\":\"{}\"}},\"type\":\"Opaque\"}}",
    ],
)
def test_every_value_of_a_secret_manifest_is_redacted(text: str) -> None:
    shown = redact(text.format("cGxhaW4=", "dXNlcg=="))

    assert "cGxhaW4" not in shown
    assert "dXNlcg" not in shown
    assert "Opaque" in shown


@pytest.mark.parametrize("one", planted("unit"), ids=lambda one: one.shape)
def test_common_secrets_are_redacted_in_text_lines_and_blocks(one: Planted) -> None:
    shown = {form: redact(getattr(one, form)) for form in ("text", "line", "block")}

    assert Search([one]).leaks(shown) == []
    assert one.marker in shown["line"]
    assert one.marker in shown["block"]
    assert [form for form, text in shown.items() if REDACTED not in text] == []


# § marks a password; the words before it show that it is one.
SECRET_LINES = """\
SECRET_KEY_BASE=§
DB_PASSWORD=§[
password: §(
JWT_SECRET_CURRENT: §
encryption.key=§
token%3D§%26page%3D2
<password>§</password>
env: [{name: DB_PASSWORD, value: §}]
kubectl create secret generic db --from-literal=dsn=§ -n shop
skopeo copy --src-creds robot:§ docker://a docker://b
mysqladmin ping -p'§'
mysqldump -uroot -p§ orders
["mysqld","-u","root","-p§"]
sshpass -p § ssh root@node-1
mongosh -u admin -p § --quiet
docker login -u robot -p § registry.acme.io
["redis-cli","-a","§"]
ldapsearch -D cn=admin -w § -b dc=acme
args: ["--password","§"]
args: ["--db-password", "§", "-v"]
{\\"args\\":[\\"--token\\",\\"§\\"]}
machine registry login robot password §
CREATE USER a IDENTIFIED WITH mysql_native_password BY '§'
jdbc:oracle:thin:scott/§@db:1521:orcl
connect app/§@//db:1521/orcl
postgres://app:x/§@db:5432/orders
app:§@db.shop:5432
Authorization: §§
auth: cm9ib3Q6VHE4ekxtVzRrUng5
the password is §!
the password for user app is §
login with password § failed
密码是 §
数据库密码为§，请检查
""".splitlines()


@pytest.mark.parametrize("line", SECRET_LINES)
def test_secret_is_recognised_by_the_words_before_it(line: str) -> None:
    secret = "Tq8zLmW4kRx9"
    shown = redact(line.replace("§", secret))

    assert not _survives(secret, shown, line)
    assert REDACTED in shown
    assert redact(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "    Args:\n      --password\n      Tq8zLmW4kRx9\n      -v",
        "        - --password\n        - Tq8zLmW4kRx9",
        '+        - "--token"\n+        - "Tq8zLmW4kRx9"',
        "kind: Secret\nstringData: {dsn: Tq8zLmW4kRx9}",
        "+kind: Secret\n+data:\n+  dsn: Tq8zLmW4kRx9",
        "> kind: Secret\n> data:\n>   dsn: Tq8zLmW4kRx9",
        r"applied kind: Secret\ndata:\n  dsn: Tq8zLmW4kRx9\ntype: Opaque",
    ],
)
def test_secret_on_the_line_after_its_name_is_redacted(text: str) -> None:
    shown = redact(text)

    assert not _survives("Tq8zLmW4kRx9", shown)
    assert REDACTED in shown


ORDINARY = """\
Error from server (NotFound): secrets "db-password" not found
couldn't find key password in Secret shop/db
    DB_PASSWORD:  <set to the key 'password' in secret 'db'>  Optional: false
password:  8 bytes
  SecretName:  web-tls
imagePullSecrets: [{name: regcred}]
  imagePullSecret: regcred
Tokens:              default-token-abcde
"Failed to get secret" secret="kube-system/bootstrap" err="secret \\"bootstrap\\" not found"
spec.template.spec.containers[0].env[1].valueFrom.secretKeyRef.key: Required value
oauth2: cannot fetch token: 401 Unauthorized
couldn't get token: x509: certificate signed by unknown authority
failed to fetch token: context deadline exceeded
error validating token: dial tcp 10.96.0.1:443: connect: connection refused
[invalid bearer token, Token has been expired]
Basic authentication is disabled
MountVolume.SetUp failed for volume "token" : secret "token-abc" not found
automountServiceAccountToken: false
tokenExpirationSeconds: 3607
--service-account-key-file=/etc/kubernetes/pki/sa.pub --token-auth-file=/etc/tokens.csv
--token=/var/run/secrets/kubernetes.io/serviceaccount/token
Mounts: /var/run/secrets/kubernetes.io/serviceaccount from kube-api-access-8xk2p (ro)
image: registry.k8s.io/pause@sha256:7031c1b283388d2c2e09b57badb803c05ebed362dc88d84b480cc47f72a21097
uid: 3f0b1c2d-5c1a-4f0e-9d55-6f6f4a3f9f10
containerd://0d0c8c1e5c1a4f0e9d556f6f4a3f9f107031c1b283388d2c2e09b57badb803c0
Put "https://10.20.0.11:6443/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/x?timeout=5s": EOF
/var/lib/kubelet/pods/3f0b1c2d-5c1a-4f0e-9d55-6f6f4a3f9f10/volumes/kubernetes.io~csi/pvc-1/mount
cluster ID mismatch, local 7202714310881352117 != remote 7298800431215530942
"initial-cluster-token":"etcd-cluster-1"
if token == nil || password != "" {
compass=north bypass=true pass=12 fail=0
password=$(DB_PASSWORD) token=${TOKEN} secret={{ .Values.secret }}
0/4 nodes are available: 3 Insufficient cpu, 1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }.
User "system:serviceaccount:shop:default" cannot list resource "secrets" in API group ""
admin@prod:~$ kubectl --context prod get pods
git@github.com:tikv/tikv.git
docker://registry.acme.io:5000/shop/cart@sha256:7031c1b283388d2c2e09b57badb803c05ebed362dc88d84b480cc47f72a21097
nginx:1.25-Alpine3@sha256:7031c1b283388d2c2e09b57badb803c05ebed362dc88d84b480cc47f72a21097
"integrity": "sha512-Z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="
commit 4f2a9d1c3b5e7f8091a2b3c4d5e6f708192a3b4c
x-request-id: 8f4c2f6a-1f7e-4b3a-a0e5-1d2a3c4b5d6e
error id: Zm9vYmFyYmF6cXV4MTIzNA== request id 0HMVB8K3J1L2M:00000003
pod-template-hash=7d9fcb6d5 controller-revision-hash=web-6c8b7f5d9c resourceVersion: "184467440737"
checksum/config: 7031c1b283388d2c2e09b57badb803c05ebed362dc88d84b480cc47f72a21097
kubectl -n shop logs api-7d9fcb6d5-x2x4z -c api --previous -p
mysql-0   0/1   CrashLoopBackOff   12 (3m ago)   45m
mysql -u root -p -h db.shop
pods mysql-root-password and mysql-root-password-x2x4z
{"name":"mysql-root-password","kind":"ConfigMap"}
docker run -p 8080:80 nginx
docker login: unauthorized: incorrect username or password
the password is incorrect
FATAL: password authentication failed for user "app"
Access denied for user 'root'@'10.244.1.7' (using password: YES)
the token is expired
auth: required
argument --db-password is required
flag needs an argument: --token
 --token string   Bearer token for authentication to the API server
http://10.0.0.1:8080/path?email=a@b.c
`token`: permission denied
*password*: see the vault
secret: `regcred`
the *token* is expired
cd ~/secret: ~/token
password = k8s.GetSecret(ctx, "db")
token = getK8sSecret(ctx)
secret = s3Client.GetObject(ctx)
/go/pkg/mod/k8s.io/client-go@v0.29.1/tools/cache/reflector.go:229
node ip-10-0-0-1.ec2.internal:10250: connection refused
Unable to retrieve some image pull secrets (<secret>); attempting to pull the image may not succeed.
密码为空
密钥是否存在
密码错误，请重试
""".splitlines()


@pytest.mark.parametrize("line", ORDINARY)
def test_ordinary_lines_about_secrets_are_left_alone(line: str) -> None:
    assert redact(line) == line


name = _word(string.ascii_lowercase + string.digits, 1, 20)
ordinary = st.one_of(
    st.sampled_from(ORDINARY),
    st.builds("{}/{}-{}".format, name, name, name),
    st.builds("{}-{}".format, name, _word("bcdfghjklmnpqrstvwxz2456789", 5, 10)),
    _word("0123456789abcdef", 64, 64).map(lambda digest: f"repo/app@sha256:{digest}"),
    st.uuids().map(lambda uid: f"uid {uid}"),
    st.datetimes().map(lambda at: f"{at.isoformat()}Z"),
    st.ip_addresses().map(lambda address: f"dial tcp {address}: i/o timeout"),
)


@given(lines=st.lists(ordinary, max_size=12))
def test_ordinary_text_is_left_alone(lines: list[str]) -> None:
    text = "\n".join(lines)

    assert redact(text) == text


@pytest.mark.parametrize("incident", list(load((builtin_directory(),)).catalog), ids=lambda incident: incident.id)
def test_catalog_texts_and_examples_are_left_alone(incident: object) -> None:
    texts: list[str] = []

    def collect(value: object) -> None:
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, dict):
            for item in value.values():
                collect(item)
        elif isinstance(value, list | tuple):
            for item in value:
                collect(item)

    collect(incident.model_dump(mode="json", exclude={"cases"}))  # type: ignore[attr-defined]

    assert [text for text in texts if redact(text) != text] == []


@given(
    text=st.one_of(
        st.text(),
        st.lists(st.sampled_from([*PAIRS, *SHAPES, *SECRET_LINES, *ORDINARY, "\\", '"', "'", "=", ":"])).map("".join),
    )
)
def test_redaction_is_idempotent_and_never_raises(text: str) -> None:
    once = redact(text)

    assert redact(once) == once
    assert once.count("\n") == text.count("\n")
