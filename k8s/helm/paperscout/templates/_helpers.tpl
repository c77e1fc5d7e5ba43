{{- define "paperscout.fullname" -}}
{{- if contains "paperscout" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-paperscout" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "paperscout.common" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: paperscout
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "paperscout.labels" -}}
{{ include "paperscout.common" . }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- /* The labels that select the pods of one program of this installation. */}}
{{- define "paperscout.selector" -}}
app.kubernetes.io/name: paperscout-{{ .component }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{- define "paperscout.image" -}}
{{- $values := index .root.Values .component -}}
{{ .root.Values.image.prefix }}paperscout-{{ .component }}
{{- if $values.digest }}@{{ $values.digest }}{{ else }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "paperscout.podSecurity" -}}
runAsNonRoot: true
{{- if not .Values.openshift }}
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "paperscout.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop:
    - ALL
{{- end }}

{{- /* Pods of this installation; .components names some of them. */}}
{{- define "paperscout.pods" -}}
matchLabels:
  app.kubernetes.io/part-of: paperscout
  app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .components }}
matchExpressions:
  - key: app.kubernetes.io/component
    operator: In
    values:
      {{- toYaml . | nindent 6 }}
{{- end }}
{{- end }}

{{- define "paperscout.secretEnv" -}}
{{- $values := .root.Values }}
- name: REDIS_URL_FILE
  value: /run/secrets/paperscout/redis/url
{{- if $values.secrets.redisCa }}
- name: REDIS_CA_FILE
  value: /run/secrets/paperscout/redis/ca.crt
{{- end }}
{{- if ne .component "worker" }}
- name: DATABASE_URL_FILE
  value: /run/secrets/paperscout/postgres/url
{{- end }}
{{- if eq .component "notifier" }}
- name: SLACK_BOT_TOKEN_FILE
  value: /run/secrets/paperscout/slack/bot-token
{{- if eq $values.events "http" }}
- name: SLACK_SIGNING_SECRET_FILE
  value: /run/secrets/paperscout/slack/signing-secret
{{- else if eq $values.events "socket" }}
- name: SLACK_APP_TOKEN_FILE
  value: /run/secrets/paperscout/slack/app-token
{{- end }}
{{- end }}
{{- end }}

{{- define "paperscout.mounts" -}}
- name: redis
  mountPath: /run/secrets/paperscout/redis
  readOnly: true
{{- if ne .component "worker" }}
- name: postgres
  mountPath: /run/secrets/paperscout/postgres
  readOnly: true
{{- end }}
{{- if eq .component "notifier" }}
- name: slack
  mountPath: /run/secrets/paperscout/slack
  readOnly: true
{{- end }}
{{- end }}

{{- define "paperscout.volume" -}}
- name: {{ .name }}
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
    items:
      {{- range .keys }}
      - key: {{ . }}
        path: {{ ternary "url" . (hasSuffix "-url" .) }}
      {{- end }}
{{- end }}

{{- define "paperscout.volumes" -}}
{{- $secrets := .root.Values.secrets }}
{{- include "paperscout.volume" (dict "name" "redis" "secret" $secrets.redis "keys" (ternary (list "url" "ca.crt") (list "url") $secrets.redisCa)) }}
{{- if ne .component "worker" }}
{{- $key := ternary (printf "%s-url" .component) "url" (default false $secrets.postgresRoles) }}
{{ include "paperscout.volume" (dict "name" "postgres" "secret" $secrets.postgres "keys" (ternary (list $key "ca.crt") (list $key) $secrets.postgresCa)) }}
{{- end }}
{{- if eq .component "notifier" }}
{{- $keys := dict "http" (list "bot-token" "signing-secret") "socket" (list "bot-token" "app-token") "none" (list "bot-token") }}
{{ include "paperscout.volume" (dict "name" "slack" "secret" $secrets.slack "keys" (index $keys .root.Values.events)) }}
{{- end }}
{{- if and .migrate $secrets.postgresRoles }}
{{ include "paperscout.volume" (dict "name" "postgres-owner" "secret" $secrets.postgres "keys" (list "owner-url")) }}
{{- end }}
{{- end }}
