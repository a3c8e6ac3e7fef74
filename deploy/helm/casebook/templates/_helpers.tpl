{{- /* The name of everything: that of the release, once. */ -}}
{{- define "casebook.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- /* What a selector may not change in. */ -}}
{{- define "casebook.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "casebook.labels" -}}
{{ include "casebook.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end -}}

{{- define "casebook.metadata" -}}
name: {{ include "casebook.name" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "casebook.labels" . | nindent 2 }}
{{- end -}}

{{- /* An environment variable out of a Secret that exists: (variable, the Secret's name, key). */ -}}
{{- define "casebook.secret" -}}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef:
      name: {{ index . 1 }}
      key: {{ index . 2 }}
{{- end -}}
