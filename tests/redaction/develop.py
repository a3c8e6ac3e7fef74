"""Shapes that the rules were developed against: those that attackers found, and their relatives."""

from __future__ import annotations

from typing import Final

from tests.redaction.makers import digits, hexadecimal, lower, mixed, password, phrase, upper, uuid
from tests.redaction.shapes import Carrier, Shape

NAMES: Final = (
    "password", "DB_PASSWORD", "mysql-root-password", "passwd", "pwd", "pw", "DB_PASS", "passphrase", "token",
    "authToken", "client_secret", "clientSecret", "apiKey", "api-key", "API_KEY", "AWS_SECRET_ACCESS_KEY", "secretKey",
    "accessKey", "spring.datasource.password", "keyStorePassword", "PGPASSWORD", "redis_password2", "REDISCLI_AUTH",
    "PresharedKey", "passwordHash", "credential",
)  # fmt: skip

# ¤ is one of the names above, § the secret.
CARRIERS: Final = (
    Carrier("assignment", "¤=§", password),
    Carrier("assignment", "connecting with ¤=§ to db", password),
    Carrier("assignment", "connect ¤=\"§\" host=db", phrase),
    Carrier("assignment", "connect (¤: \"§\") failed", phrase),
    Carrier("yaml", "¤: §", password),
    Carrier("yaml", "  ¤: \"§\"  # old", phrase),
    Carrier("yaml", "- name: ¤\n  value: §", password),
    Carrier("yaml", "¤: |\n  §", password),
    Carrier("json", "{\"¤\": \"§\"}", phrase),
    Carrier("json", "log {\\\"¤\\\":\\\"§\\\"} end", password),
    Carrier("json", "{\"name\":\"¤\",\"value\":\"§\"}", phrase),
    Carrier("code", "¤ := \"§\"", phrase),
    Carrier("code", "if ¤ == \"§\" {", password),
    Carrier("code", "cfg[\"¤\"] = \"§\"", phrase),
    Carrier("code", "¤ = b'§'", password),
    Carrier("code", "¤ -> §", password),
    Carrier("code", "put(\"¤\", \"§\")", password),
    Carrier("code", "client.set_¤(\"§\")", password),
    Carrier("code", "with¤('§')", password),
    Carrier("xml", "<¤>§</¤>", phrase),
    Carrier("xml", "<entry key=\"¤\">§</entry>", password),
    Carrier("xml", "<property name=\"¤\" value=\"§\"/>", password),
    Carrier("xml", "<db user=\"a\" ¤=\"§\"/>", phrase),
    Carrier("shell", "export ¤ §", password),
    Carrier("shell", "export ¤='§'", phrase),
    Carrier("shell", "tool --¤ § --verbose", password),
    Carrier("shell", "tool --¤=§ --verbose", lower(12)),
    Carrier("shell", "tool -¤ §", password),
    Carrier("table", "user\t¤\nadmin\t§", password),
    Carrier("table", "user,¤\nadmin,§", password),
    Carrier("table", "user | ¤\n-----+----\nadmin | §", password),
    Carrier("table", "USER    ¤\nadmin   §", password),
    Carrier("next line", "¤:\n  §", password),
    Carrier("next line", "¤\n§", password),
    Carrier("encoded", "user=a&¤=§&x=1", mixed(14)),
    Carrier("encoded", "%22¤%22%3A%22§%22", mixed(14)),
    Carrier("encoded", "{&quot;¤&quot;:&quot;§&quot;}", mixed(14)),
    Carrier("encoded", "¤\\u003d§", mixed(14)),
    Carrier("encoded", "{\\\"¤\\\"\\u003a\\\"§\\\"}", mixed(14)),
    Carrier("chat", "it is ¤: `§`", password),
    Carrier("chat", "the ¤ is §", password),
    Carrier("chat", "the ¤ was changed to §", password),
    Carrier("chat", "please use the new ¤ — §", password),
    Carrier("chat", "¤ ⇒ § for now", password),
    Carrier("chat", "I set the ¤ for app to §", password),
    Carrier("chat", "<b>¤</b>: §", password),
    Carrier("chat", "*¤:* §", password),
    Carrier("chat", "_¤:_ `§`", password),
    Carrier("chat", "**¤ =** §", password),
    Carrier("chat", "the ¤ will be §", password),
    Carrier("chat", "¤ (prod) §", password),
    Carrier("chat", "log in as root with ¤ §", password),
    Carrier("chat", "¤, as agreed: §", password),
    Carrier("chat", "my ¤ got leaked, it was §", password),
    Carrier("chat", "¤ >> §", password),
    Carrier("chat", "¤ … §", password),
)  # fmt: skip

SHAPES: Final = (
    Shape("vendor", "twilio SK§", hexadecimal(32)),
    Shape("vendor", "vault s.§", mixed(24)),
    Shape("vendor", "vault hvs.§", mixed(90)),
    Shape("vendor", "pulumi pul-§", hexadecimal(40)),
    Shape("vendor", "sonar sqp_§", hexadecimal(40)),
    Shape("vendor", "linear lin_api_§", mixed(40)),
    Shape("vendor", "doppler dp.st.dev.§", mixed(43)),
    Shape("vendor", "circleci CCIPAT_§", lambda chance: f"{mixed(22)(chance)}_{hexadecimal(40)(chance)}"),
    Shape("vendor", "tailscale tskey-auth-§", lambda chance: f"{mixed(12)(chance)}-{mixed(32)(chance)}"),
    Shape("vendor", "join with § soon", lambda chance: f"{hexadecimal(5)(chance)}7.{hexadecimal(15)(chance)}a"),
    Shape("vendor", "sendgrid SG.§", lambda chance: f"{mixed(22)(chance)}.{mixed(43)(chance)}"),
    Shape("vendor", "got AKIA§", upper(16)),
    Shape("vendor", "got ghp_§", mixed(36)),
    Shape("tool", "//npm.acme.io/:_authToken=§", uuid),
    Shape("tool", "_auth=§", mixed(40)),
    Shape("tool", "tool -p § -u a", password),
    Shape("tool", "tool --pass § -u a", password),
    Shape("tool", "keytool -import -storepass § -alias a", password),
    Shape("tool", "htpasswd -b f a §", password),
    Shape("tool", "echo a:§ | chpasswd", password),
    Shape("tool", "~/.pgpass: db:5432:orders:app:§", password),
    Shape("tool", "curl -u a:§ https://h", password),
    Shape("header", "Authorization: Digest username=\"a\", realm=\"r\", nonce=\"§\", response=\"0\"", hexadecimal(32)),
    Shape("header", "Authorization: Digest username=\"a\", cnonce=\"x\", response=\"§\"", hexadecimal(32)),
    Shape("header", "Authorization: AWS4-HMAC-SHA256 Credential=§/20260302/eu/s3/aws4_request, Signature=1", upper(20)),
    Shape("header", "Authorization: AWS4-HMAC-SHA256 Credential=A, SignedHeaders=host;x, Signature=§", hexadecimal(64)),
    Shape("header", "Cookie: a=1; b=§; c=2", mixed(32)),
    Shape("header", "Cookie: a=\"§\"; c=2", mixed(32)),
    Shape("header", "X-Api-Key: §", mixed(32)),
    Shape("header", "Authorization: §", mixed(32)),
    Shape("chinese", "密码 §", password),
    Shape("chinese", "密码「§」", password),
    Shape("chinese", "token为§", mixed(20)),
    Shape("chinese", "密码：§", password),
    Shape("chinese", "密码是§，谢谢", password),
    Shape("chinese", "账号 root 口令 §", password),
    Shape("key", "AK/SK: LTAI5tAAAAAAAAAAAAAA/§", mixed(30)),
    Shape("key", "ak: abcdefg12345 sk: §", mixed(30)),
    Shape("chat", "api key: §", mixed(30)),
    Shape("chat", "secret key §", mixed(30)),
    Shape("chat", "creds for db: app / §", password),
    Shape("chat", "user: app pass: §", password),
    Shape("chat", "logged in with app:§ just now, credentials are fine", password, telling=False),
    Shape("chat", "username app password § host db", password),
    Shape("chat", "password: §!", digits(8)),
    Shape("key", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIi\nOiIxMjM0§", mixed(60)),
    Shape("key", "token: eyJhbGciOiJIUzI1NiJ9.eyJzdWIi\n  §\n  §", mixed(60)),
    Shape("manifest", "kind: Secret, data: {a: §}", mixed(24)),
    Shape("manifest", "apiVersion: v1 data: a: § kind: Secret metadata: name: x", mixed(24)),
    Shape("manifest", "kind: Secret\ndata:\n  a: §", mixed(24)),
    Shape("manifest", "{\"kind\":\"Secret\",\"stringData\":{\"a\":\"§\"}}", phrase),
)  # fmt: skip

HARMLESS: Final = """\
image: registry.k8s.io/pause@sha256:7031c1b283388d2c2e09b57badb803c05ebed362dc88d84b480cc47f72a21097
uid: 3f0b1c2d-5c1a-4f0e-9d55-6f6f4a3f9f10
resourceVersion: "184467440737"
commit 4f2a9d1c3b5e7f8091a2b3c4d5e6f708192a3b4c
pod-template-hash=7d9fcb6d5
caBundle: Cg==
passwordSecretRef: db-credentials
passwordFile: /run/secrets/pw
tokenReviews
tokenExpirationSeconds: 3607
secretName: web-tls
imagePullSecrets: [{name: regcred}]
secretKeyRef: {name: db, key: password}
key: value
secret: kube-system/bootstrap-token
getToken("audience")
setPasswordPolicy("strict")
the token request was answered by TokenService2 in 31ms
password reset email sent by MailWorker07
failed to refresh token via OAuth2Client
couldn't find token in AbstractTokenFactory3Impl
secret volume mounted by kubelet v1.29.4-eks-5e0fdde
the credential provider plugin ECRCredentialProviderV2 timed out
token audience mismatch between APIServer01 and IdP
the password is wrong
the password is incorrect, try again
the token is expired
the token has expired
password must be changed
password authentication failed
token not found
secret "db" not found
secrets "db-password" is forbidden
export PATH=/usr/bin
kubectl get pods -p
docker run -p 8080:80 nginx:1.25
mkdir -p /var/lib/etcd
ssh -p 2222 root@node-1
sysctl -w vm.max_map_count=262144
`sysctl -w net.netfilter.nf_conntrack_max=2097152` on all three
kubectl logs -p web-7d9fcb6d5-x2x4z
kubectl patch deploy web -p {"spec":{"replicas":2}}
NAME   READY   STATUS   RESTARTS   AGE
web-7d9fcb6d5-x2x4z   0/1   CrashLoopBackOff   12 (3m ago)   45m
db-token-x2x4z   kubernetes.io/service-account-token   3   45d
web-credentials   Opaque   2   3d4h
keys: 3
primary key: id
maxTokens: 4096
author: Jane
authority: ca.crt
auth: required
authentication: failed
password: ********
token: <redacted>
password=$DB_PASSWORD
--password string   the password
--token-auth-file=/etc/tokens.csv
passwordPolicy: strict
secretsEncryption: aescbc
PASS
--- PASS: TestTokenReview (0.01s)
ok  	github.com/acme/auth/token	0.012s
tests: 12 pass, 0 fail
bypass: true
compass: north
s.Spec.Template.Spec.Containers
s.handler.ServeHTTP(0xc000123456)
SKIPPED
k8s.io/apiserver/pkg/authentication/token
密码错误
密码不正确，请重试
token为空
token已过期
密钥不存在
""".splitlines()
