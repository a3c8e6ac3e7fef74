{{- /* Names go through toYaml wherever they stand: a namespace may be called 123, on or null. */ -}}
{{- /* The name of everything: that of the release, once. A Service takes no dots. */ -}}
{{- define "casebook.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | replace "." "-" | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | replace "." "-" | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- /* What a selector may not change in. */ -}}
{{- define "casebook.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ toYaml .Release.Name }}
{{- end -}}

{{- define "casebook.labels" -}}
{{ include "casebook.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end -}}

{{- define "casebook.metadata" -}}
name: {{ include "casebook.name" . }}
namespace: {{ toYaml .Release.Namespace }}
labels:
  {{- include "casebook.labels" . | nindent 2 }}
{{- end -}}

{{- /* An environment variable out of a Secret that exists: (variable, the Secret's name, key). */ -}}
{{- define "casebook.secret" -}}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef:
      name: {{ toYaml (index . 1) }}
      key: {{ toYaml (index . 2) }}
{{- end -}}

{{- /* A text for a block of YAML, (its name, the text): what else breaks lines for YAML would break out of it. */ -}}
{{- define "casebook.text" -}}
{{- $odd := "[^\\t\\n\\r\\x{20}-\\x{7e}\\x{a0}-\\x{2027}\\x{202a}-\\x{d7ff}\\x{e000}-\\x{fffd}\\x{10000}-\\x{10ffff}]" -}}
{{- if regexMatch $odd (index . 1) -}}
{{- fail (printf "%s holds a control character or a line separator (U+0085, U+2028, U+2029): take it out" (index . 0)) -}}
{{- end -}}
{{- index . 1 -}}
{{- end -}}
