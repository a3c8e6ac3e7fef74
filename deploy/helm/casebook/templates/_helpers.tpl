{{- /* Every name goes through toYaml, because a namespace may be called 123, on or null. */ -}}
{{- /* The name of every object, from the release name. Names of Services may not contain dots. */ -}}
{{- define "casebook.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | replace "." "-" | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | replace "." "-" | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- /* Labels of selectors, which must never change. */ -}}
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

{{- /* An environment variable from an existing Secret: (variable, the Secret's name, key). */ -}}
{{- define "casebook.secret" -}}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef:
      name: {{ toYaml (index . 1) }}
      key: {{ toYaml (index . 2) }}
{{- end -}}

{{- /* A text for a YAML block, (its name, the text). Characters that YAML treats as line breaks are refused. */ -}}
{{- define "casebook.text" -}}
{{- $odd := "[^\\t\\n\\r\\x{20}-\\x{7e}\\x{a0}-\\x{2027}\\x{202a}-\\x{d7ff}\\x{e000}-\\x{fffd}\\x{10000}-\\x{10ffff}]" -}}
{{- if regexMatch $odd (index . 1) -}}
{{- fail (printf "%s contains a control character or a line separator (U+0085, U+2028, U+2029): remove it" (index . 0)) -}}
{{- end -}}
{{- index . 1 -}}
{{- end -}}

{{- /* The ConfigMap with the files of a workspace: (the root, its id). Ids are in capitals, names of objects are not. */ -}}
{{- define "casebook.workspace" -}}
{{- printf "%s-%s" (include "casebook.name" (index . 0)) (lower (index . 1)) -}}
{{- end -}}
