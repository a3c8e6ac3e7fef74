"""More shapes that the rules were developed against: the fourth round, of which 19 % leaked when it was written."""

from __future__ import annotations

from typing import Final

from tests.redaction.makers import hexadecimal, lower, mixed, password, phrase, upper
from tests.redaction.shapes import Carrier, Shape

NAMES: Final = (
    "ARGOCD_ADMIN_PASSWORD", "cassandraPassword", "consul-acl-token", "FLASK_SECRET_KEY", "gitlabRunnerToken", "mailerPass",
    "quay.robot.token", "SA_PASSWORD", "opsgenie_api_key", "jdbc.password", "AZURE_STORAGE_KEY_SECRET", "truststorePassword",
    "webhookSecretToken", "ANSIBLE_BECOME_PASS", "imap_passwd", "zabbixPsk", "cosignPassword", "dockerhub-token",
    "private_token", "SIDEKIQ_PASSWORD", "app.jwt.secret", "nodeJoinToken", "ldapPwd", "VELERO_CREDENTIALS",
)  # fmt: skip

CARRIERS: Final = (
    Carrier("assignment", "cfg ¤=§; restart", password),
    Carrier("assignment", "{\"a\":1,\"b\":{\"¤\":\"§\"}}", phrase),
    Carrier("assignment", "¤==§", password),
    Carrier("assignment", "¤ : '§'", phrase),
    Carrier("assignment", "<¤=§>", password),
    Carrier("assignment", "¤=\"§\" \\\n  run", phrase),
    Carrier("yaml", "config:\n  - key: ¤\n    value: §", password),
    Carrier("yaml", "¤: [\"§\"]", password),
    Carrier("yaml", "¤:\n  - §", password),
    Carrier("yaml", "¤: |-\n    §\nother: 1", password),
    Carrier("yaml", "data: {¤: §}", password),
    Carrier("yaml", "\"¤\" : '§' ,", phrase),
    Carrier("json", "[{\"Name\":\"¤\",\"Value\":\"§\"}]", password),
    Carrier("json", "{\\n  \\\"¤\\\": \\\"§\\\"\\n}", password),
    Carrier("json", "{\"¤\": {\"value\": \"§\"}}", password),
    Carrier("code", "let ¤ = `§`;", password),
    Carrier("code", "$¤ = '§';", phrase),
    Carrier("code", "@¤ = \"§\"", password),
    Carrier("code", "#define ¤ \"§\"", password),
    Carrier("code", "ENV['¤'] ||= '§'", password),
    Carrier("code", "os.Setenv(\"¤\", \"§\")", password),
    Carrier("code", "config.¤(\"§\")", password),
    Carrier("code", "auth=('app', '§')  # ¤ '§'", password),
    Carrier("log", "loaded ¤ [§]", password),
    Carrier("log", "error: ¤ \"§\" rejected by server", password),
    Carrier("log", "¤=§|user=app|host=db", password),
    Carrier("shell", "kubectl exec p -- env ¤=§ sh", password),
    Carrier("shell", "docker service create --env \"¤=§\" img", password),
    Carrier("shell", "fly secrets set ¤=§", password),
    Carrier("shell", "helm install a b --set-string x.¤=§,y=1", password),
    Carrier("shell", "gh secret set ¤ --body \"§\"", password),
    Carrier("shell", "tool --¤:§", password),
    Carrier("shell", "printf '%s' '§' > ¤", password),
    Carrier("xml", "<entry><key>¤</key><value>§</value></entry>", password),
    Carrier("xml", "<user ¤='§' role='a'/>", phrase),
    Carrier("table", "KEY|VALUE\n¤|§", password),
    Carrier("table", "| Key | Value |\n|-----|-------|\n| ¤ | § |", password),
    Carrier("table", "¤,§", password),
    Carrier("next line", "# ¤\n§\n", password),
    Carrier("encoded", "body=user%3Da%26¤%3D§", mixed(14)),
    Carrier("encoded", "{\\\\u0022¤\\\\u0022:\\\\u0022§\\\\u0022}", mixed(14)),
    Carrier("chat", "hi, ¤ below\n`§`", password),
    Carrier("chat", "I used § as ¤", password),
    Carrier("chat", "¤ (temporary): §", password),
    Carrier("chat", "reset ¤ => §", password),
    Carrier("chat", "我的 ¤ 是 §", password),
)  # fmt: skip

SHAPES: Final = (
    Shape("vendor", "gitlab glpat-§", mixed(20)),
    Shape("vendor", "gitlab CI glcbt-64_§", mixed(20)),
    Shape("vendor", "npm_§", mixed(36)),
    Shape("vendor", "sendgrid SG.§", lambda chance: f"{mixed(22)(chance)}.{mixed(43)(chance)}"),
    Shape("vendor", "anthropic sk-ant-api03-§", mixed(93)),
    Shape("vendor", "stripe whsec_§", mixed(32)),
    Shape("vendor", "slack xapp-1-A0-1-§", hexadecimal(64)),
    Shape("vendor", "vault hvs.CAES§", mixed(90)),
    Shape("vendor", "old vault s.§", mixed(24)),
    Shape("vendor", "doppler dp.st.prd.§", mixed(40)),
    Shape("vendor", "tailscale tskey-client-§", lambda chance: f"{mixed(11)(chance)}CNTRL-{mixed(32)(chance)}"),
    Shape("vendor", "pulumi pul-§", hexadecimal(40)),
    Shape("vendor", "sonar sqa_§", hexadecimal(40)),
    Shape("vendor", "circle CCIPRJ_§", lambda chance: f"{mixed(22)(chance)}_{hexadecimal(40)(chance)}"),
    Shape("vendor", "datadog DD_APP_KEY=§", hexadecimal(40)),
    Shape("vendor", "snyk snyk_uat.§", lambda chance: f"{hexadecimal(8)(chance)}.{mixed(60)(chance)}"),
    Shape("vendor", "langfuse sk-lf-§", lambda chance: f"{hexadecimal(8)(chance)}-{hexadecimal(12)(chance)}"),
    Shape("vendor", "mapbox sk.eyJ1Ijoi§", lambda chance: f"{mixed(60)(chance)}.{mixed(22)(chance)}"),
    Shape("vendor", "planetscale pscale_pw_§", mixed(43)),
    Shape("vendor", "neon napi_§", mixed(64)),
    Shape("vendor", "aws AKIA§", upper(16)),
    Shape("tool", "postgres://app:§@db.shop.svc:5432/shop?sslmode=require", password),
    Shape("tool", "sqlcmd -S db -U sa -P '§' -Q 'select 1'", password),
    Shape("tool", "curl -k --user 'app:§' https://x", phrase),
    Shape("tool", "mysqldump --password=§ shop", password),
    Shape("tool", "redis-cli -a § info", password),
    Shape("tool", "docker login -u a --password § r.io", password),
    Shape("tool", "podman login -p=§ r.io", password),
    Shape("tool", "oc login --token=sha256~§", mixed(43)),
    Shape("tool", "vault login §", lambda chance: f"hvs.{mixed(24)(chance)}"),
    Shape("tool", "consul kv get -token=§ a", mixed(36)),
    Shape("tool", "rclone --s3-secret-access-key § ls", mixed(40)),
    Shape("tool", "ALTER USER app PASSWORD '§'", phrase),
    Shape("tool", "GRANT ALL ON *.* TO 'a'@'%' IDENTIFIED BY '§'", password),
    Shape("tool", "htpasswd -bB f bob §", password),
    Shape("tool", "chpasswd <<< 'root:§'", password),
    Shape("tool", "keytool -importkeystore -srcstorepass § -deststorepass x1", password),
    Shape("tool", "gpg --pinentry-mode loopback --passphrase '§' -c a", phrase),
    Shape("tool", "//npm.acme.io/:_auth=§", mixed(40)),
    Shape("header", "Authorization: Bearer §", hexadecimal(40)),
    Shape("header", "Proxy-Authorization: Basic YWRtaW46§", mixed(16), telling=False),
    Shape("header", "> Authorization: ApiKey §", mixed(40)),
    Shape("header", "X-Gitlab-Token: §", mixed(20)),
    Shape("header", "apikey: §", mixed(32)),
    Shape("header", "Cookie: JSESSIONID=§", upper(32)),
    Shape("header", "set-cookie: token=§; Secure; HttpOnly", mixed(40)),
    Shape("header", "Authorization: Digest nonce=\"x\", cnonce=\"§\"", hexadecimal(16)),
    Shape("header", "authorization:AWS4-HMAC-SHA256 Credential=A/b,SignedHeaders=host,Signature=§", hexadecimal(64)),
    Shape("chinese", "密码:§", password),
    Shape("chinese", "root密码为§", password),
    Shape("chinese", "初始密码“§”", password),
    Shape("chinese", "口令改为 §，请知悉", password),
    Shape("chinese", "api密钥：§", mixed(32)),
    Shape("chinese", "令牌=§", mixed(32)),
    Shape("chinese", "把密码设置成§", password),
    Shape("manifest", "kind: Secret\ndata:\n  b: §\n  c: §", mixed(32)),
    Shape("manifest", "kind: Secret stringData: b: § type: Opaque", mixed(32)),
    Shape("manifest", "{\"data\":{\"b\":\"§\"},\"kind\":\"Secret\",\"metadata\":{\"name\":\"a\"}}", mixed(32)),
    Shape("key", "-----BEGIN PRIVATE KEY-----\n§\n-----END PRIVATE KEY-----", mixed(64)),
    Shape("key", "Bearer eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.§", mixed(80)),
    Shape("key", "AK: LTAI5tAAAAAAAAAAAAAA SK: §", mixed(30)),
    Shape("chat", "pwd=§", lower(11)),
    Shape("chat", "password § works for me", password),
    Shape("chat", "passwd: \"§\" ok?", phrase),
    Shape("chat", "the new token is §, old one revoked", mixed(36)),
    Shape("chat", "creds are app / §", password),
    Shape("chat", "secret key: §", mixed(40)),
)  # fmt: skip

HARMLESS: Final = """\
token review failed for system:serviceaccount:shop:web
password policy violated: too short
password="" user=app
no password supplied
fe_sendauth: no password supplied
token: <set to the key 'token' in secret 'web'>
API token used: none
secretRef: {name: web-env}
secrets: [{name: web}]
imagePullSecret: acme-registry
tlsSecret: web-tls
clientSecretRef: oidc-client
passwordField: "#password"
passwordHint: colour
passwordChangedAt: 2026-03-02T03:00:00Z
token_expires_in=3600
tokenIssuer=kubernetes/serviceaccount
secretAnnotation: acme.io/rotated
apiKeyHeader: X-Api-Key
authMethod: kubernetes
authEndpoint: https://idp.acme.io/authorize
sessionTimeout=1800
keySelector: {key: tls.crt}
sort key: created_at
foreign key constraint orders_user_id_fkey
max_tokens: 8192
etcd cluster token: etcd-1
"initial-cluster-token": "prod-eu-1"
cookie jar is empty
Secret   web-tls   kubernetes.io/tls   2   31d
secret/web created
secrets.infisical.com reconciled
sealedsecret.bitnami.com/web synced
UID: 8f4c2f6a-1f7e-4b3a-a0e5-1d2a3c4b5d6e
Digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
annotation checksum/secret: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
kubectl rollout restart deploy/auth-token-service-v2
curl -sS https://auth.acme.io/healthz
auth-7d9fcb6d5-x2x4z 1/1 Running
password-sync-28412345-8xk2p 0/1 Completed
trace 4bf92f3577b34da6a3ce929d0e0e4736 token refresh
request 0HMVB8K3J1L2M:00000003 used an expired token
Successfully pulled image "acme/token-svc:1.4.2" in 1.2s
volume "kube-api-access-8xk2p" mounted, token projected
I rotated the password, please log in again
where is the password for grafana stored?
please do not paste passwords here
the key point is that pass 2 failed
ssh-keygen -t ed25519
密码正确
密码错误次数过多
请联系管理员重置口令
令牌续期成功
""".splitlines()
