"""More shapes that the rules were developed against: the second round, of which 18 % leaked when it was written."""

from __future__ import annotations

from typing import Final

from tests.redaction.makers import digits, hexadecimal, lower, mixed, password, phrase, upper, uuid
from tests.redaction.shapes import Carrier, Shape

NAMES: Final = (
    "SENTINEL_PASSWORD", "elasticPassword", "kafka-sasl-password", "vaultToken", "SLACK_SIGNING_SECRET", "cloudflareApiToken",
    "mqttPass", "MAIL_PW", "harbor_admin_password", "ssoClientSecret", "deploy_token", "COOKIE_SECRET", "snmpPassphrase",
    "azureClientSecret", "MASTER_KEY", "backup.encryption.key", "ftpPasswd", "OPENAI_API_KEY", "wifiPsk", "registryCredentials",
)  # fmt: skip

CARRIERS: Final = (
    Carrier("assignment", "starting with {¤=§}", password),
    Carrier("assignment", "¤  =   §", password),
    Carrier("assignment", "local ¤=\"§\"; run", phrase),
    Carrier("assignment", "¤ <- \"§\"", password),
    Carrier("yaml", "spec:\n  auth:\n    ¤: §\n    user: a", password),
    Carrier("yaml", "? ¤\n: §", password),
    Carrier("yaml", "¤: !!str §", password),
    Carrier("toml", "[db]\n¤ = '''§'''", password),
    Carrier("json", "{\"a\":{\"¤\":\n  \"§\"}}", password),
    Carrier("json", "{'¤': u'§', 'x': 1}", password),
    Carrier("json", "msg={\\\\\\\"¤\\\\\\\": \\\\\\\"§\\\\\\\"}", password),
    Carrier("code", "final String ¤ = new String(\"§\");", password),
    Carrier("code", "builder.set(\"¤\", \"§\").build()", password),
    Carrier("code", "static let ¤: String = \"§\"", password),
    Carrier("code", "{¤: '§', user}", password),
    Carrier("code", "assert ¤ != '§'", password),
    Carrier("hcl", "variable \"¤\" {\n  default = \"§\"\n}", password),
    Carrier("log", "level=info ¤=\"§\" took=3ms", phrase),
    Carrier("log", "config loaded: ¤='§', retries=3", phrase),
    Carrier("log", "Config(user=app, ¤=§, host=db)", password),
    Carrier("log", "(¤ §)", password),
    Carrier("shell", "¤=§ ./run.sh", password),
    Carrier("shell", "read -r ¤ <<< '§'", password),
    Carrier("shell", "systemctl set-environment ¤=§", password),
    Carrier("shell", "gcloud run deploy x --set-env-vars A=1,¤=§", password),
    Carrier("shell", "docker build --build-arg ¤=§ .", password),
    Carrier("shell", "terraform apply -var '¤=§'", password),
    Carrier("xml", "<param><name>¤</name><value>§</value></param>", password),
    Carrier("xml", "<bean><property name=\"¤\"><value>§</value></property></bean>", password),
    Carrier("table", "| user | ¤ |\n| ---- | ---- |\n| app | `§` |", password),
    Carrier("table", "+------+------+\n| id | ¤ |\n+------+------+\n| 1 | § |", password),
    Carrier("table", "id;¤\n7;§", password),
    Carrier("encoded", "redirect=%2Fa%3F¤%3D§%26b%3D1", mixed(14)),
    Carrier("encoded", "&#34;¤&#34;:&#34;§&#34;", mixed(14)),
    Carrier("encoded", "\\x22¤\\x22:\\x22§\\x22", mixed(14)),
    Carrier("chat", "¤ = `§`, don't share", password),
    Carrier("chat", "FYI ¤ changed: §", password),
    Carrier("chat", "can you try ¤ \"§\"?", password),
    Carrier("chat", "• ¤: §", password),
    Carrier("chat", "¤是§", password),
    Carrier("chat", "请把¤改成 §", password),
)  # fmt: skip

SHAPES: Final = (
    Shape("vendor", "mailgun key-§", hexadecimal(32)),
    Shape("vendor", "grafana glc_§", mixed(60)),
    Shape("vendor", "github ghu_§", mixed(36)),
    Shape("vendor", "gitlab glft-§", mixed(20)),
    Shape("vendor", "shopify shpss_§", hexadecimal(32)),
    Shape("vendor", "langsmith lsv2_pt_§", lambda chance: f"{hexadecimal(32)(chance)}_{hexadecimal(10)(chance)}"),
    Shape("vendor", "openrouter sk-or-v1-§", hexadecimal(64)),
    Shape("vendor", "nvidia nvapi-§", mixed(64)),
    Shape("vendor", "docker dckr_pat_§", mixed(27)),
    Shape("vendor", "contentful CFPAT-§", mixed(43)),
    Shape("vendor", "scalingo tk-us-§", mixed(48)),
    Shape("vendor", "sentry sntrys_eyJ§", mixed(90)),
    Shape("vendor", "facebook EAAG§", mixed(120)),
    Shape("vendor", "harness pat.§", lambda chance: f"{mixed(22)(chance)}.{hexadecimal(24)(chance)}.{mixed(20)(chance)}"),
    Shape("vendor", "yandex t1.§", lambda chance: f"{upper(20)(chance)}{mixed(80)(chance)}.{mixed(86)(chance)}", telling=False),
    Shape("vendor", "openshift sha256~§", mixed(43)),
    Shape("vendor", "cloudflare v1.0-§", lambda chance: f"{hexadecimal(24)(chance)}-{hexadecimal(146)(chance)}"),
    Shape("vendor", "vault hvb.§", mixed(140)),
    Shape("vendor", "settlemint sm_pat_§", mixed(16)),
    Shape("vendor", "infracost ico-§", mixed(32)),
    Shape("tool", "psql postgresql://app:§@db/shop", password),
    Shape("tool", "redis://default:§@cache:6379/0", password),
    Shape("tool", "curl -H 'X-Api-Key: §' https://x", mixed(32)),
    Shape("tool", "curl --user app:§ https://x", password),
    Shape("tool", "mysql -uroot -p§ -e 'show tables'", password),
    Shape("tool", "ldapwhoami -D cn=a -w § -x", password),
    Shape("tool", "skopeo login -u a -p § reg", password),
    Shape("tool", "kubectl create secret docker-registry r --docker-password=§", password),
    Shape("tool", "kubectl create secret generic r --from-literal=k=§", mixed(20)),
    Shape("tool", "requirepass §", password),
    Shape("tool", "CREATE USER app WITH PASSWORD '§'", password),
    Shape("tool", "SET PASSWORD FOR 'a'@'%' = '§'", password),
    Shape("tool", "openssl enc -aes-256-cbc -k § -in a", password),
    Shape("tool", "wg: PresharedKey = §=", mixed(43)),
    Shape("tool", "rabbitmqctl add_user app §", password, telling=False),
    Shape("header", "Authorization: Basic §", lambda chance: "YXBwOl" + mixed(3)(chance).lower() * 4, telling=False),
    Shape("header", "Authorization: Bearer §", mixed(40)),
    Shape("header", "authorization: Token token=\"§\"", mixed(32)),
    Shape("header", "X-Vault-Token: §", mixed(26)),
    Shape("header", "PRIVATE-TOKEN: §", mixed(20)),
    Shape("header", "-b 'session=§; lang=en'", mixed(32), telling=False),
    Shape("header", "cookie: a=b; jwt=§", mixed(48)),
    Shape("header", "x-goog-api-key: §", mixed(39)),
    Shape("header", "Authorization: OAuth oauth_consumer_key=\"a\", oauth_token=\"§\"", mixed(40)),
    Shape("chinese", "管理员密码：§", password),
    Shape("chinese", "密码已重置为 §", password),
    Shape("chinese", "账号admin，密码§", password),
    Shape("chinese", "口令『§』", password),
    Shape("chinese", "访问令牌：`§`", mixed(30)),
    Shape("chinese", "secret是：§", mixed(20)),
    Shape("manifest", "apiVersion: v1\nkind: Secret\ntype: Opaque\nstringData:\n  conf.ini: |\n    a=§\n", mixed(20)),
    Shape("manifest", "{\"kind\": \"Secret\", \"data\": {\"a\": \"eA==\", \"b\": \"§\"}}", mixed(24)),
    Shape("manifest", "- kind: Secret\n  data:\n    x: §\n  metadata: {name: a}", mixed(24)),
    Shape("key", "private_key_id: a\nprivate_key: \"-----BEGIN PRIVATE KEY-----\\n§\\n-----END", mixed(64)),
    Shape("key", "ssh key -----BEGIN OPENSSH PRIVATE KEY-----\n§\n", mixed(70)),
    Shape("chat", "pwd is § for staging", password),
    Shape("chat", "password (root): §", password),
    Shape("chat", "the token you need: §", mixed(30)),
    Shape("chat", "token=§", uuid),
    Shape("chat", "passcode: §", digits(8)),
    Shape("chat", "passphrase: \"§\"", phrase),
    Shape("chat", "db_password=§", lower(10)),
)  # fmt: skip

HARMLESS: Final = """\
Password: must not be empty
password rejected by policy
token: unexpected end of input
invalid token '<' at line 3, column 14
unexpected token } in JSON at position 1024
secrets-store.csi.k8s.io driver registered
secret sync: 12 objects in 340ms
the secret is mounted at /etc/tls
session affinity: ClientIP
sessionAffinityConfig: {clientIP: {timeoutSeconds: 10800}}
cookie name: JSESSIONID
authenticationMode: webhook
authorization-mode=Node,RBAC
auth-provider: oidc
authType: basic
keyFile: /etc/kubernetes/pki/apiserver.key
--tls-private-key-file=/etc/kubernetes/pki/apiserver.key
--service-account-signing-key-file=/etc/kubernetes/pki/sa.key
encryption-provider-config: /etc/kubernetes/enc.yaml
signature: verified
signature algorithm: SHA256-RSA
credentials: expired at 2026-03-02T03:00:00Z
credential helper not found in $PATH
no credentials provided
pull access denied, repository does not exist or may require authorization
NAME                  SECRETS   AGE
default               1         45d
kind: SecretProviderClass
valueFrom: {secretKeyRef: {name: db, key: password}}
envFrom: [{secretRef: {name: web}}]
projected: {sources: [{serviceAccountToken: {path: token}}]}
secret/web-7d9fcb6d5 unchanged
bearer token auth is disabled
JWT issuer https://idp.acme.io
otp: disabled
pin version v1.29.4
passed: 14, failed: 0
pass rate 98.7%
first pass done, second pass pending
tokenizer: cl100k_base
next_page_token: 120
continueToken: page-00017
tokens used 8123 of 16384
key not found: app.kubernetes.io/part-of
keys: [a, b, c]
primary_key=42
hostKeyAlgorithms ssh-ed25519,rsa-sha2-512
sha1:2fd4e1c67a2d28fced849ee1bb76e7391b93eb12
image digest 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
node ip-10-1-2-3 passed its health check
compass heading 270
user: app, roles: reader
Secret "web" in namespace "shop" was updated by helm
密码长度至少 8 位
令牌无效
请检查密钥是否正确
未找到凭据
""".splitlines()
