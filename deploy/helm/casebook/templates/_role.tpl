{{- /* A role and its binding: dict of root, what (read, act), rules (texts) and, for a Role, its namespace. */ -}}
{{- define "casebook.role" -}}
{{- $kind := empty .namespace | ternary "ClusterRole" "Role" -}}
{{- $account := include "casebook.name" .root -}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}
metadata:
  name: {{ $account }}-{{ .what }}
  {{- with .namespace }}
  namespace: {{ toYaml . }}
  {{- end }}
  labels:
    {{- include "casebook.labels" .root | nindent 4 }}
rules:
  {{- range .rules }}
  {{- . | trimSuffix "\n" | nindent 2 }}
  {{- end }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}Binding
metadata:
  name: {{ $account }}-{{ .what }}
  {{- with .namespace }}
  namespace: {{ toYaml . }}
  {{- end }}
  labels:
    {{- include "casebook.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $kind }}
  name: {{ $account }}-{{ .what }}
subjects:
  - kind: ServiceAccount
    name: {{ $account }}
    namespace: {{ toYaml .root.Release.Namespace }}
{{ end -}}
