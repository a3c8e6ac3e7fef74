"""More shapes that the rules were developed against: the third round, of which 10 % leaked when it was written."""

from __future__ import annotations

from typing import Final

from tests.redaction.makers import digits, hexadecimal, lower, mixed, password, phrase, upper
from tests.redaction.shapes import Carrier, Shape

NAMES: Final = (
    "KEYCLOAK_ADMIN_PASSWORD", "nexusPassword", "postgres-password", "influxToken", "DJANGO_SECRET_KEY", "pagerdutyApiKey",
    "amqp.password", "ROOT_PW", "thanos_objstore_secret_key", "botToken", "hmacSecret", "ZOOKEEPER_AUTH_PASS",
    "unsealKey_secret", "ssl.key.password", "NPM_TOKEN", "session-secret", "vpnPsk", "LDAP_BIND_PWD", "proxyPasswd",
    "telegram_bot_token", "restic_password", "clientKeyPassphrase", "SPLUNK_HEC_TOKEN", "tokenValue",
)  # fmt: skip

CARRIERS: Final = (
    Carrier("assignment", "¤:=§", password),
    Carrier("assignment", "  \"¤\"=\"§\"", phrase),
    Carrier("assignment", "time=03:00 ¤=§, user=app", password),
    Carrier("assignment", "[¤=§]", password),
    Carrier("assignment", "¤ += '§'", password),
    Carrier("properties", "#¤=§", password),
    Carrier("properties", "; ¤ = §", password),
    Carrier("yaml", "      - ¤: \"§\"", phrase),
    Carrier("yaml", "args: [\"--¤=§\", \"--v=2\"]", password),
    Carrier("yaml", "- name: \"¤\"\n  value: '§'\n- name: A\n  value: b", phrase),
    Carrier("yaml", "-    ¤: §\n+    ¤: x", password),
    Carrier("describe", "    Environment:\n      ¤:   §\n      MODE:  prod", password),
    Carrier("describe", "Args:\n  --¤\n  §\n  --v=2", password),
    Carrier("json", "{\"¤\":\"§\"", password),
    Carrier("json", "{\"name\": \"¤\", \"secure\": true, \"value\": \"§\"}", password),
    Carrier("json", "\"{\\\"spec\\\":{\\\"¤\\\":\\\"§\\\"}}\"", password),
    Carrier("code", "self.¤ = \"§\"", password),
    Carrier("code", "map.put(\"¤\", \"§\");", password),
    Carrier("code", "¤: str = \"§\"", password),
    Carrier("code", "process.env.¤ = '§'", password),
    Carrier("code", "return connect(host, ¤=\"§\")", phrase),
    Carrier("code", "private static final String ¤ = \"§\";", phrase),
    Carrier("code", "Environment.SetEnvironmentVariable(\"¤\", \"§\")", password),
    Carrier("code", "if ¤ != \"§\":", password),
    Carrier("log", "FATAL bad config: ¤ '§' is invalid", password),
    Carrier("log", "DEBUG env ¤=§", password),
    Carrier("log", "{\"level\":\"info\",\"¤\":\"§\",\"ts\":1}", phrase),
    Carrier("log", "connecting ¤:§ retry:3", password),
    Carrier("shell", "export A=1 ¤=§ B=2", password),
    Carrier("shell", "sudo ¤=§ ./deploy.sh", password),
    Carrier("shell", "./app --user a --¤ \"§\"", phrase),
    Carrier("shell", "java -D¤=§ -jar a.jar", password),
    Carrier("shell", "echo \"¤=§\" >> .env", password),
    Carrier("shell", "kubectl create secret generic s --from-literal ¤=§", password),
    Carrier("xml", "<setting name=\"¤\" serializeAs=\"String\"><value>§</value></setting>", password),
    Carrier("xml", "<c:¤>§</c:¤>", password),
    Carrier("xml", "<input type=\"hidden\" name=\"¤\" value=\"§\">", password),
    Carrier("table", "NAME     ¤        AGE\nweb      §      3d", password),
    Carrier("table", "name\thost\t¤\nweb\tdb\t§", password),
    Carrier("table", "\"user\",\"¤\"\n\"app\",\"§\"", password),
    Carrier("table", "║ ¤ ║ § ║", password),
    Carrier("next line", "Your ¤ is:\n\n§\n\nKeep it safe.", password),
    Carrier("next line", "**¤**\n```\n§\n```", password),
    Carrier("encoded", "https://h/cb?state=x&¤=§#top", mixed(16)),
    Carrier("encoded", "%7B%22¤%22%3A%20%22§%22%7D", mixed(14)),
    Carrier("encoded", "&lt;add key=&quot;¤&quot; value=&quot;§&quot;/&gt;", mixed(14)),
    Carrier("chat", "`¤=§`", password),
    Carrier("chat", "¤ → `§`", password),
    Carrier("chat", "try this ¤: “§”", password),
    Carrier("chat", "the value of ¤ is §", password),
    Carrier("chat", "¤ ist §", password),
    Carrier("chat", "¤（测试环境）：§", password),
    Carrier("chat", "¤ 用 §", password),
)  # fmt: skip

SHAPES: Final = (
    Shape("vendor", "vercel vck_§", mixed(40)),
    Shape("vendor", "cloudinary://123456789012345:§@acme", mixed(27)),
    Shape("vendor", "axiom xaat-§", lambda chance: f"{hexadecimal(8)(chance)}-{hexadecimal(4)(chance)}-4{hexadecimal(11)(chance)}"),
    Shape("vendor", "resend re_§", mixed(32)),
    Shape("vendor", "statsig secret-§", mixed(43)),
    Shape("vendor", "gitea/forgejo clone https://bot:§@git.acme.io/a/b.git", hexadecimal(40)),
    Shape("vendor", "stripe sk_test_§", mixed(24)),
    Shape("vendor", "openai sk-§", mixed(48)),
    Shape("vendor", "slack xoxp-1-2-3-§", hexadecimal(32)),
    Shape("vendor", "github github_pat_§", lambda chance: f"{mixed(22)(chance)}_{mixed(59)(chance)}"),
    Shape("vendor", "aws ASIA§", upper(16)),
    Shape("vendor", "gcp AIza§", lambda chance: f"Sy{mixed(33)(chance)}"),
    Shape("vendor", "gcp ya29.a0§", mixed(120)),
    Shape("vendor", "twilio SK§", hexadecimal(32)),
    Shape("vendor", "atlassian ATATT3xFfGF0§", mixed(180)),
    Shape("vendor", "hf hf_§", mixed(34)),
    Shape("vendor", "databricks dapi§-2", hexadecimal(32)),
    Shape("vendor", "terraform cloud §", lambda chance: f"{mixed(14)(chance)}.atlasv1.{mixed(67)(chance)}"),
    Shape("vendor", "https://hooks.slack.com/services/T0123/B0123/§", mixed(24)),
    Shape("vendor", "https://acme.webhook.office.com/webhookb2/a@b/IncomingWebhook/§/c", hexadecimal(32)),
    Shape("vendor", "telegram 123456789:AA§", mixed(33)),
    Shape("vendor", "gitlab glrt-t1_§", mixed(20)),
    Shape("vendor", "linear lin_api_§", mixed(40)),
    Shape("vendor", "posthog phx_§", mixed(43)),
    Shape("vendor", "algolia: ALGOLIA_ADMIN_KEY=§", hexadecimal(32)),
    Shape("tool", "mongosh mongodb+srv://app:§@c0.mongodb.net/shop", password),
    Shape("tool", "amqp://app:§@mq:5672/%2f", password),
    Shape("tool", "mysql://root:§@tcp(db:3306)/x", password),
    Shape("tool", "pg_dump \"dbname=a user=b password=§\"", password),
    Shape("tool", "sshpass -p '§' scp a b:", phrase),
    Shape("tool", "docker login ghcr.io -u a -p §", password),
    Shape("tool", "helm repo add a https://x --username u --password §", password),
    Shape("tool", "curl -u admin:§ -X POST http://es:9200/_search", password),
    Shape("tool", "redis-cli -u redis://:§@r:6379", password),
    Shape("tool", "etcdctl --user=root:§ member list", password),
    Shape("tool", "ldapsearch -x -D cn=a -w '§' -b dc=x", phrase),
    Shape("tool", "openssl pkcs12 -in a.p12 -passin 'pass:§'", password),
    Shape("tool", "keytool -genkey -keypass § -storepass x1", password),
    Shape("tool", "htpasswd -bc /etc/nginx/.htpasswd bob §", password),
    Shape("tool", "ALTER USER 'a'@'%' IDENTIFIED BY '§'", phrase),
    Shape("tool", "CREATE ROLE a LOGIN PASSWORD '§'", password),
    Shape("tool", "restic -r s3:x --password-command 'echo §'", password, telling=False),
    Shape("tool", "argocd account update-password --new-password §", password),
    Shape("tool", "kubeadm join 10.0.0.1:6443 --token § --discovery-token-unsafe-skip-ca-verification",
          lambda chance: f"{lower(5)(chance)}1.{lower(14)(chance)}22"),
    Shape("tool", "//registry.acme.io/:_authToken=\"§\"", mixed(36)),
    Shape("tool", "machine github.com login a password §", password),
    Shape("header", "-H \"Authorization: token §\"", mixed(40)),
    Shape("header", "Authorization: Bearer §", mixed(64)),
    Shape("header", "\"authorization\": [\"Bearer §\"]", mixed(64)),
    Shape("header", "X-API-KEY: §", mixed(32)),
    Shape("header", "x-auth-token=§", mixed(32)),
    Shape("header", "Set-Cookie: sessionid=§; HttpOnly", mixed(32)),
    Shape("header", "Cookie: _ga=1; connect.sid=s%3A§", mixed(40)),
    Shape("header", "Authorization: Digest username=\"a\", uri=\"/\", response=§", hexadecimal(32)),
    Shape("header", "X-Hub-Signature-256: sha256=§", hexadecimal(64), telling=False),
    Shape("header", "Authorization: AWS4-HMAC-SHA256 Credential=§/20260302/us-east-1/sts/aws4_request", upper(20)),
    Shape("chinese", "密码：「§」", password),
    Shape("chinese", "数据库密码是§。", password),
    Shape("chinese", "口令为 §", password),
    Shape("chinese", "密钥=§", mixed(24)),
    Shape("chinese", "用户名 root 密码 §", password),
    Shape("chinese", "令牌「§」已失效", mixed(24)),
    Shape("chinese", "password为§", password),
    Shape("chinese", "登陆密码【§】", password),
    Shape("manifest", "kind: Secret\nstringData:\n  a: '§'", phrase),
    Shape("manifest", "{\"items\":[{\"kind\":\"Secret\",\"data\":{\"k\":\"§\"}}]}", mixed(40)),
    Shape("manifest", "> kind: Secret\n> data:\n>   k: §", mixed(40)),
    Shape("manifest", "apiVersion: v1\ndata:\n  k: §\nkind: Secret\nmetadata:\n  name: a", mixed(40)),
    Shape("key", "-----BEGIN RSA PRIVATE KEY-----\n§\n§\n", mixed(64)),
    Shape("key", "\"private_key\":\"-----BEGIN PRIVATE KEY-----\\n§\\n\"", mixed(64)),
    Shape("key", "client-key-data: LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQo§", mixed(80)),
    Shape("key", "token: eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrIn0.§", mixed(86)),
    Shape("key", "eyJhbGciOiJSUzI1NiJ9\n.eyJpc3MiOiJrIn0\n.§", mixed(86)),
    Shape("chat", "pw: §", password),
    Shape("chat", "password is “§”", password),
    Shape("chat", "new password - §", password),
    Shape("chat", "login: admin password: §", password),
    Shape("chat", "admin password, if you need it, is §", password),
    Shape("chat", "api-key=§", lower(24)),
    Shape("chat", "secret: §", mixed(20)),
    Shape("chat", "PIN: §", digits(6), telling=False),
    Shape("chat", "(pwd: §)", password),
    Shape("chat", "access key § and secret key x", upper(20)),
)  # fmt: skip

HARMLESS: Final = """\
password for user app does not match
wrong password given, 2 attempts left
the token could not be verified
token rejected: issuer unknown
failed to mint token: rpc error: code = Unavailable desc = connection closed
Secret "tls-web" is invalid: data[tls.crt]: Required value
MountVolume.SetUp failed for volume "certs" : references non-existent secret key: tls.crt
spec.imagePullSecrets[0].name: Required value
secretName: acme-wildcard-tls
passwordKey: postgres-password
userPasswordSecretName: db-users
adminPasswordSecretKeyRef: {name: a, key: b}
credentialsSecret: cloud-credentials
tokenTTL: 24h
tokenAudiences: [vault]
passwordRotationDays: 90
password_encryption = scram-sha-256
password_min_length: 14
keyRotationPeriod: 720h
keySize: 4096
keyUsages: [digital signature, key encipherment]
privateKeyRotationPolicy: Always
privateKeySecretRef: {name: letsencrypt}
encryptionKeyName: etcd-key-1
accessKeyRotated: false
secretProviderClass: azure-kv
authSecretName: grafana-auth
auth: {type: oidc, issuer: https://idp.acme.io}
auth_type: password
cookieDomain: acme.io
session timeout: 30m
sessionCount: 12
NAME       TYPE                 DATA   AGE
web-tls    kubernetes.io/tls    2      31d
pods "token-refresher-7d9fcb6d5-x2x4z" not found
deployment.apps/password-reset scaled
job.batch/rotate-credentials-28412345 created
service/auth ClusterIP 10.96.12.7 <none> 8080/TCP 12d
image: registry.acme.io/auth/token-service:v2.14.3-rc1
image: acme/password-manager@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
GET /api/v1/namespaces/shop/secrets/web 200 in 3ms
GET /auth/realms/acme/protocol/openid-connect/token 401
POST https://idp.acme.io/oauth2/token: 503 Service Unavailable
com.acme.PasswordEncoder$BCrypt.matches(PasswordEncoder.java:71)
main.(*TokenStore).Get(0xc0004b2000, {0xc00012e0f0, 0x24})
panic: token: nil map
E0302 03:00:01.123456       1 authentication.go:73] "Unable to authenticate the request" err="invalid bearer token"
level=error msg="token validation failed" error="token is expired by 3h2m"
kubectl get secret web -o yaml
kubectl describe secret/web -n shop
kubectl -n shop create token deployer
vault token lookup
use the password from the vault
password in the ticket, not here
ask Jane for the token
we rotated all passwords yesterday
did you pass the flag --force?
pass: 3, skipped: 1
passed in 12.3s
pass-through mode
unit tests pass on node-17b
keyboard layout: us
monkey patching
authored by Jane
tokenised text
secretary
compaction finished in 120ms
skopeo copy docker://a docker://b
ssh-ed25519 host key changed for node-3
revision 7d9fcb6d5 rolled back to 6c8b7f5d9c
lease holder web-7d9fcb6d5-x2x4z_0f8fad5b-d9cb-469f-a165-70867728950e
apiVersion: external-secrets.io/v1beta1
storageClassName: gp3-encrypted-2026A
snapshot snap-0a1b2c3d4e5f67890 ready
密码策略：强
密码长度：12
密码已过期，请联系管理员
令牌校验失败
密钥轮换周期：90天
""".splitlines()
