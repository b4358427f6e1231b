{{/*
Names and labels that several templates share. Each takes the root context.
*/}}

{{/*
Name of the release's own objects: RELEASE-mcpfence. Under an alias of a parent chart .Chart.Name is the alias, so two
copies in one release do not collide. At most 53 characters of release and a chart name: never cut.
*/}}
{{- define "mcpfence.fullname" -}}
{{- printf "%s-%s" .Release.Name .Chart.Name -}}
{{- end -}}

{{/*
Namespace of the servers and their policies.
*/}}
{{- define "mcpfence.namespace" -}}
{{- (.Values.mcpNamespace).name | default (printf "%s-mcp" .Release.Name | trunc 63) -}}
{{- end -}}

{{/*
Labels of every object that the chart itself creates, as YAML.
*/}}
{{- define "mcpfence.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/name: mcpfence
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: mcpfence
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{/*
"true" unless the argument is false. A key that someone deleted with null counts as its default, which is true for
every switch of this chart: absence must not remove the floor, the Pod Security labels or the namespace's keep mark.
*/}}
{{- define "mcpfence.on" -}}
{{- if ne (toString .) "false" }}true{{ end -}}
{{- end -}}

{{/*
"true" if the chart gives rights on the servers' namespace: where rbac.create says so, or where rbac names somebody who
gets them or what they get. Rights that nobody uses are somebody's way in.
*/}}
{{- define "mcpfence.grants" -}}
{{- $rbac := .Values.rbac | default dict -}}
{{- $account := $rbac.serviceAccount | default dict -}}
{{- $named := or $rbac.subject $account.name $account.annotations $rbac.extraRules -}}
{{- if or (eq (toString $rbac.create) "true") (and $named (ne (toString $rbac.create) "false")) }}true{{ end -}}
{{- end -}}

{{/*
"true" if the chart creates the ServiceAccount: not where an existing subject is named.
*/}}
{{- define "mcpfence.createsServiceAccount" -}}
{{- $rbac := .Values.rbac | default dict -}}
{{- if and (include "mcpfence.grants" .) (include "mcpfence.on" ($rbac.serviceAccount).create) (not $rbac.subject) }}true{{ end -}}
{{- end -}}

{{/*
Name of the ServiceAccount that gets the Role, where no other subject is named.
*/}}
{{- define "mcpfence.serviceAccountName" -}}
{{- ((.Values.rbac).serviceAccount).name | default (include "mcpfence.fullname" .) -}}
{{- end -}}
