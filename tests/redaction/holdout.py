"""Shapes held back from development: written from the documentation of tools and vendors before the rules changed.

The rules are never tuned on these. A shape that leaks stays here; a rule for it starts from a new example in
`develop.py`.
"""

from __future__ import annotations

from typing import Final

from tests.redaction.makers import digits, hexadecimal, lower, mixed, password, phrase, upper, uuid
from tests.redaction.shapes import Carrier, Shape

NAMES: Final = (
    "DATABASE_PASSWORD", "dbPassword", "smtp-password", "rootPassword", "MINIO_ROOT_PASSWORD", "sasl.password",
    "ADMIN_PASS", "userPwd", "ldapBindPassword", "JWT_SIGNING_SECRET", "oauthClientSecret", "webhook_secret",
    "STRIPE_SECRET_KEY", "apikey", "DATADOG_API_KEY", "x-api-key", "accessToken", "refresh_token", "bot_token",
    "GH_TOKEN", "session_secret", "encryptionKey", "storageAccountKey", "privateKey", "keystore_password",
    "db.passphrase", "RABBITMQ_DEFAULT_PASS", "sshPassword", "passwd", "GrafanaAdminPassword",
)  # fmt: skip

# ¤ is one of the names above, § the secret.
CARRIERS: Final = (
    Carrier("assignment", "¤ = \"§\"", password),
    Carrier("assignment", "¤=§", lower(12)),
    Carrier("assignment", "2026-03-02T03:00:00Z INFO boot: ¤=§ region=eu-1", password),
    Carrier("assignment", "¤ ?= §", password),
    Carrier("assignment", "¤ = '§' # rotated in May", phrase),
    Carrier("shell", "$env:¤ = '§'", password),
    Carrier("shell", "set ¤=§", password),
    Carrier("shell", "setenv ¤ §", password),
    Carrier("shell", "ENV ¤ §", password),
    Carrier("shell", "docker run -d -e ¤=§ --name app acme/app:1.2", password),
    Carrier("shell", "kubectl set env deploy/web ¤=§ -n shop", password),
    Carrier("shell", "helm upgrade web ./chart --set app.¤=§ --wait", password),
    Carrier("shell", "vault kv put secret/shop ¤=§", password),
    Carrier("shell", "app serve --¤ § --port 8080", password),
    Carrier("shell", "app serve --¤='§' --port 8080", phrase),
    Carrier("yaml", "  ¤: '§'", phrase),
    Carrier("yaml", "¤: >-\n  §\nnext: 1", password),
    Carrier("yaml", "- {name: ¤, value: \"§\"}", password),
    Carrier("yaml", "env:\n  - value: §\n    name: ¤", password),
    Carrier("json", "{\"user\": \"a\", \"¤\" : \"§\", \"port\": 1}", phrase),
    Carrier("json", "{\"key\":\"¤\",\"value\":\"§\"}", password),
    Carrier("json", "[[\"¤\", \"§\"]]", password),
    Carrier("code", "var ¤ = '§';", phrase),
    Carrier("code", "const ¤: string = \"§\"", password),
    Carrier("code", "¤ := []byte(\"§\")", password),
    Carrier("code", "config['¤'] = '§'", password),
    Carrier("code", "os.environ.setdefault(\"¤\", \"§\")", password),
    Carrier("code", ":¤ => \"§\",", password),
    Carrier("code", "define('¤', '§');", password),
    Carrier("code", "if (¤ === \"§\") {", password),
    Carrier("xml", "<add key=\"¤\" value=\"§\" />", password),
    Carrier("xml", "<property name='¤'>§</property>", password),
    Carrier("xml", "<server id=\"1\" ¤=\"§\"/>", password),
    Carrier("xml", "<¤><![CDATA[§]]></¤>", password),
    Carrier("table", "| name | ¤ | region |\n|---|---|---|\n| app | § | eu |", password),
    Carrier("table", "host,port,¤\ndb.shop,5432,§", password),
    Carrier("table", "| ¤ | § |", password),
    Carrier("table", "¤\t§", password),
    Carrier("next line", "¤:\n§", password),
    Carrier("next line", "¤\n\n    §\n", password),
    Carrier("encoded", "GET /login?user=a&¤%3D§%26next%3D%2F", mixed(14)),
    Carrier("encoded", "&lt;¤&gt;§&lt;/¤&gt;", mixed(14)),
    Carrier("encoded", "{\\u0022¤\\u0022:\\u0022§\\u0022}", mixed(14)),
    Carrier("encoded", "¤&#61;&quot;§&quot;", mixed(14)),
    Carrier("chat", "here is the ¤ → §", password),
    Carrier("chat", "¤ is now `§`", password),
    Carrier("chat", "¤ - §", password),
    Carrier("chat", "set ¤ to §", password),
    Carrier("chat", "> *¤:* §", password),
)  # fmt: skip

SHAPES: Final = (
    # Vendors by their documented prefixes.
    Shape("vendor", "postman says PMAK-§", lambda chance: f"{hexadecimal(24)(chance)}-{hexadecimal(34)(chance)}"),
    Shape("vendor", "pscale with pscale_tkn_§", mixed(43)),
    Shape("vendor", "render deploy rnd_§", mixed(28)),
    Shape("vendor", "supabase login sbp_§", hexadecimal(40)),
    Shape("vendor", "square sq0csp-§", mixed(43)),
    Shape("vendor", "figma figd_§", mixed(40)),
    Shape("vendor", "notion ntn_§", mixed(46)),
    Shape("vendor", "airtable pat§", lambda chance: f"{mixed(14)(chance)}.{hexadecimal(64)(chance)}"),
    Shape("vendor", "dynatrace dt0c01.§", lambda chance: f"{upper(24)(chance)}.{upper(64)(chance)}"),
    Shape("vendor", "buildkite bkua_§", hexadecimal(40)),
    Shape("vendor", "groq gsk_§", mixed(52)),
    Shape("vendor", "xai xai-§", mixed(80)),
    Shape("vendor", "replicate r8_§", mixed(37)),
    Shape("vendor", "perplexity pplx-§", mixed(48)),
    Shape("vendor", "heroku HRKU-§", uuid),
    Shape("vendor", "netlify nfp_§", mixed(36)),
    Shape("vendor", "prefect pnu_§", mixed(36)),
    Shape("vendor", "sentry sntryu_§", hexadecimal(64)),
    Shape("vendor", "sonar squ_§", hexadecimal(40)),
    Shape("vendor", "adafruit aio_§", mixed(28)),
    Shape("vendor", "easypost EZAK§", mixed(54)),
    Shape("vendor", "duffel duffel_live_§", mixed(43)),
    Shape("vendor", "readme rdme_§", mixed(70)),
    Shape("vendor", "shippo shippo_live_§", hexadecimal(40)),
    Shape("vendor", "typeform tfp_§", mixed(59)),
    Shape("vendor", "1password ops_eyJ§", mixed(260)),
    Shape("vendor", "clojars CLOJARS_§", hexadecimal(60)),
    Shape("vendor", "jfrog AKCp§", mixed(69)),
    Shape("vendor", "nuget push -k oy2§", lower(43)),
    Shape("vendor", "brevo xkeysib-§", lambda chance: f"{hexadecimal(64)(chance)}-{mixed(16)(chance)}"),
    Shape("vendor", "newrelic NRJS-§", hexadecimal(19)),
    Shape("vendor", "bitbucket ATCTT3xFfG§", mixed(120)),
    Shape("vendor", "alibaba LTAI5t§", mixed(18)),
    Shape("vendor", "azure app abc8Q~§", mixed(34)),
    Shape("vendor", "slack xoxe-1-§", mixed(100)),
    Shape("vendor", "stripe rk_live_§", mixed(99)),
    Shape("vendor", "digitalocean dop_v1_§", hexadecimal(64)),
    Shape("vendor", "mapbox sk.eyJ§", lambda chance: f"{mixed(80)(chance)}.{mixed(22)(chance)}"),
    Shape("vendor", "flutterwave FLWSECK-§-X", hexadecimal(32)),
    Shape("vendor", "fly FlyV1 fm2_§", mixed(120)),
    Shape("vendor", "hashicorp hcp hvb.§", mixed(120)),
    Shape("vendor", "crates cio§", mixed(32)),
    Shape("vendor", "cachix or vercel vcp_§", mixed(56)),
    Shape("vendor", "dropbox sl.§", mixed(130)),
    Shape("vendor", "linear oauth lin_oauth_§", mixed(64)),
    Shape("vendor", "doppler dp.pt.§", mixed(43)),
    Shape("vendor", "pulumi pul-§", hexadecimal(40)),
    Shape("vendor", "tailscale tskey-api-§", lambda chance: f"{mixed(12)(chance)}-{mixed(32)(chance)}"),
    Shape("vendor", "dockerhub dckr_oat_§", mixed(32)),
    Shape("vendor", "gitlab deploy gldt-§", mixed(20)),
    # Tools.
    Shape("tool", "curl -u 'deploy:§' https://nexus.acme.io/v2/", password),
    Shape("tool", "wget --user=a --password='§' https://x/y", phrase),
    Shape("tool", "psql \"host=db user=app password='§' dbname=shop\"", phrase),
    Shape("tool", "openssl rsa -in k.pem -passin pass:§ -out o.pem", password),
    Shape("tool", "gpg --batch --passphrase § -d x.gpg", password),
    Shape("tool", "keytool -list -keystore k.jks -storepass §", password),
    Shape("tool", "az login --service-principal -u app -p § --tenant t", password),
    Shape("tool", "aws configure set aws_secret_access_key §", mixed(40)),
    Shape("tool", "etcdctl --user root:§ get /", password),
    Shape("tool", "ansible-playbook x.yml -e \"ansible_password=§\"", password),
    Shape("tool", "mongodump -u admin -p § --out /b", password),
    Shape("tool", "ALTER ROLE app WITH PASSWORD '§';", password),
    Shape("tool", "htpasswd -nbB admin § > auth", password),
    Shape("tool", "echo 'root:§' | chpasswd", password),
    Shape("tool", "rclone config create x s3 secret_access_key §", mixed(40)),
    Shape("tool", "net use z: \\\\srv\\s § /user:a", password, telling=False),
    Shape("tool", "sshpass -p'§' ssh a@b", password),
    Shape("tool", "kubectl config set-credentials a --token=§", mixed(40)),
    Shape("tool", "argocd login argo.acme.io --username admin --password §", password),
    Shape("tool", "machine api.acme.io\n  login bot\n  password §\n", password),
    Shape("tool", "db.shop:5432:orders:app:§", password, telling=False),
    Shape("tool", "zip -P § a.zip b", password),
    Shape("tool", "smbclient //h/s -U 'a%§'", password),
    Shape("tool", "redis-cli -h r -a '§' ping", password),
    Shape("tool", "kubeadm token: §", lambda chance: f"{lower(5)(chance)}4.7{lower(15)(chance)}"),
    Shape("tool", "//npm.pkg.github.com/:_password=\"§\"", mixed(24)),
    # Headers.
    Shape("header", "Authorization: AWS4-HMAC-SHA256 Credential=§/20260302/eu-1/s3/aws4_request, SignedHeaders=host",
          upper(20)),
    Shape("header", "Authorization: AWS4-HMAC-SHA256 Credential=A/20260302/eu/s3/x, SignedHeaders=host;range, "
          "Signature=§", hexadecimal(64)),
    Shape("header", "Authorization: Digest username=\"a\", realm=\"r\", nonce=\"n\", response=\"§\"", hexadecimal(32)),
    Shape("header", "Proxy-Authorization: ApiKey §", mixed(30)),
    Shape("header", "X-Auth-Token: §", mixed(30)),
    Shape("header", "X-Amz-Security-Token: §", mixed(90)),
    Shape("header", "Ocp-Apim-Subscription-Key: §", hexadecimal(32)),
    Shape("header", "Cookie: theme=dark; _session=§", mixed(32)),
    Shape("header", "Set-Cookie: theme=dark, auth=§; Path=/", mixed(32)),
    Shape("header", "> x-csrf-token: §", mixed(32)),
    Shape("header", "'Cookie': 'sid=§; lang=de'", mixed(32)),
    Shape("header", "headers={'Authorization': 'Bearer §'}", mixed(32)),
    Shape("header", "authorization=[Bearer §]", mixed(32)),
    Shape("header", "grpc metadata: authorization: token §", mixed(32)),
    # Chinese.
    Shape("chinese", "数据库口令：§", password),
    Shape("chinese", "密码改成了 §", password),
    Shape("chinese", "令牌是 §，请用", mixed(20)),
    Shape("chinese", "密钥为「§」", password),
    Shape("chinese", "root 密码 § 试一下", password),
    Shape("chinese", "用户名/密码：admin/§", password),
    Shape("chinese", "登录密码=§", password),
    Shape("chinese", "password是§", password),
    Shape("chinese", "api key 为 §", mixed(24)),
    Shape("chinese", "新密码（§）", password),
    # Manifests and keys.
    Shape("manifest", "kind: Secret\nmetadata: {name: a}\nstringData:\n  url: \"§\"", phrase),
    Shape("manifest", "{\"apiVersion\":\"v1\",\"data\":{\"k\":\"§\"},\"kind\":\"Secret\"}", mixed(24)),
    Shape("manifest", "apiVersion: v1 kind: Secret metadata: name: a data: url: §", mixed(24)),
    Shape("manifest", "data:\n  tls.key: §\nkind: Secret", mixed(64)),
    Shape("manifest", "{kind: Secret, stringData: {a: x1, b: '§'}}", mixed(24)),
    Shape("key", "-----BEGIN EC PRIVATE KEY-----\r\n§\r\n-----END EC PRIVATE KEY-----", mixed(64)),
    Shape("key", "PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\n§", mixed(48)),
    Shape("key", "PrivateKey = §=", mixed(43)),
    Shape("key", "eyJhbGciOiJIUzI1NiJ9.\neyJzdWIiOiIx\n§", mixed(60)),
    Shape("key", "Bearer eyJhbGciOiJIUzI1NiIsInR5\n  §", mixed(60)),
    # Sentences.
    Shape("chat", "the admin pw is §", password),
    Shape("chat", "creds: admin / §", password),
    Shape("chat", "use admin/§ to log in", password, telling=False),
    Shape("chat", "my password was changed to §", password),
    Shape("chat", "Pass phrase: §", password),
    Shape("chat", "token (valid until May): §", mixed(24)),
    Shape("chat", "login: root, password: § (do not share)", password),
    Shape("chat", "PIN/password -> §", password),
    Shape("chat", "one-time code password=§.", digits(8)),
)  # fmt: skip

HARMLESS: Final = """\
secret/web-tls created
the password was wrong three times, then the account was locked
Password must contain at least 8 characters
ERROR 1045 (28000): Access denied for user 'app'@'%' (using password: NO)
pq: password authentication failed for user "orders"
token is malformed: token contains an invalid number of segments
Unable to authenticate the request: [invalid bearer token, square/go-jose: error in cryptographic primitive]
create tokenreviews.authentication.k8s.io is forbidden
passwordSecretRef: {name: db, key: password}
passwordSecretRef:
existingSecretPasswordKey: postgres-password
secretKeyRef: {name: web, key: api-key}
tokenSecretRef:
serviceAccountToken: {path: token, expirationSeconds: 3607}
automountServiceAccountToken: true
secretName: web-tls-7d9fcb6d5
tokenPolicy: strict
passwordPolicy: {minLength: 12}
tokenCount: 128394
maxTokens=4096 prompt_tokens=18321 completion_tokens=204
token_type: Bearer
token_endpoint: https://idp.acme.io/oauth2/token
secretStoreRef: {name: vault-backend, kind: ClusterSecretStore}
tokens per second: 31415.9
key: app.kubernetes.io/name
- key: node-role.kubernetes.io/control-plane
primaryKey: orders_pkey_0017
partition key: 2026-03-02-0017
keyAlgorithm: RSA2048
cacheKey=web-7d9fcb6d5-v2
publicKey: ssh-ed25519
uid: 0f8fad5b-d9cb-469f-a165-70867728950e
resourceVersion: "9223372036854775"
Image: ghcr.io/acme/web@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
Container ID: containerd://9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
commit 9fceb02d0ae598e95dc970b74767f19372d61af8 (HEAD -> main, tag: v1.29.4)
web-6c8b7f5d9c-x2x4z   1/1   Running   0   5d21h   10.244.3.17   ip-10-0-3-17.ec2.internal
db-password   Opaque   3   45d
default-token-8xk2p   kubernetes.io/service-account-token   3   45d
NAME TYPE DATA AGE
sh.helm.release.v1.web.v7   helm.sh/release.v1   1   12d
Warning  FailedMount  2m (x9 over 12m)  kubelet  MountVolume.SetUp failed for volume "db-password" : secret "db-password" not found
Error: couldn't find key DB_PASSWORD in Secret shop/web
E0302 03:00:00.000000       1 reflector.go:147] pkg/mod/k8s.io/client-go@v0.29.1/reflector.go:229: Failed to watch *v1.Secret
I0302 03:00:00.123456 1 trace.go:236] Trace[1298498081]: "Get" accept:application/json, audit-id:8f4c2f6a-1f7e-4b3a-a0e5-1d2a3c4b5d6e
-----BEGIN CERTIFICATE-----
certificate-authority: /etc/kubernetes/pki/ca.crt
caBundle: Cg==
x509: certificate has expired or is not yet valid: current time 2026-03-02T03:00:00Z is after 2026-02-01T00:00:00Z
--discovery-token-ca-cert-hash sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
--password-stdin
--token-ttl duration   (default 24h0m0s)
kubectl create secret generic db --from-file=password=./pw.txt
kubectl get secret db -o jsonpath='{.data.password}' | base64 -d
export DB_PASSWORD=$(cat /run/secrets/db)
password: ${DB_PASSWORD}
password: "{{ .Values.db.password }}"
password=<your-password>
token: ""
password: null
PASSWORD_FILE=/run/secrets/db_password
API_KEY_PATH=/etc/keys/api.key
DB_PASSWORD_LENGTH=24
SECRET_NAMESPACE=kube-system
passwordless sudo is enabled
this pass is the third pass of the compiler
bypass the cache, then compare
ship the package with tokenizer_config.json
ssh-rsa key fingerprint SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8
ETag: "33a64df551425fcc55e4d42a148795d9f25f89d4"
traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
go: github.com/stretchr/testify v1.9.0 h1:HtqpIVDClZ4nwg75+f6Lvsy/wHu+3BoSGCbBAcpTsTg=
at com.acme.auth.TokenService.refreshToken(TokenService.java:128)
at Object.validatePassword (/app/node_modules/auth/index.js:41:13)
auth.go:88 +0x1a5
Set the password with kubectl create secret, then restart the pod.
Reset your password at https://acme.io/reset
token expired at 2026-03-02T03:00:00Z
secret "web" is forbidden: User "a" cannot get resource "secrets"
Has the token been rotated? The key is in the vault.
pwd
/home/app $ pwd
The api key is missing
api key: missing
access key: not set
cookie consent banner shown
session: 3 active
Mount path /var/run/secrets/kubernetes.io/serviceaccount/token
disk-password-encryption=true
node.kubernetes.io/instance-type=m5.4xlarge
volume pvc-0f8fad5b-d9cb-469f-a165-70867728950e
projects/acme-prod-1234/locations/eu/keyRings/k8s/cryptoKeys/etcd
arn:aws:kms:eu-west-1:123456789012:key/0f8fad5b-d9cb-469f-a165-70867728950e
arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf
密码错误，账户已锁定
请重置密码后再试
令牌已过期
Secret 不存在
密钥长度不足
""".splitlines()
