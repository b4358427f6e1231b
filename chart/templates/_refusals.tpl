{{/*
What the chart refuses, one line each: values that are well-formed but that Kubernetes would reject later, or that
would do harm. Prints nothing if all is well. The caller fails with the text, so that people see all of it at once.

Levels and subjects are in values.schema.json too; here they are judged for those who skip schema validation.
*/}}
{{- define "mcpfence.refusals" -}}
{{- include "mcpfence.refusals.namespace" . -}}
{{- include "mcpfence.refusals.podSecurity" . -}}
{{- include "mcpfence.refusals.rbac" . -}}
{{- end -}}

{{- define "mcpfence.refusals.namespace" -}}
{{- $namespace := .Values.mcpNamespace | default dict -}}
{{- $name := include "mcpfence.namespace" . -}}
{{- if not (regexMatch "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$" $name) }}
{{- if $namespace.name }}
- mcpNamespace.name: {{ $name | quote }} is no name of a namespace; use at most 63 of a to z, 0 to 9 and "-", beginning and ending with a letter or a digit
{{- else }}
- mcpNamespace.name: its default {{ $name | quote }} is no name of a namespace, because the release's name has a dot; set mcpNamespace.name
{{- end }}
{{- else if hasPrefix "kube-" $name }}
- mcpNamespace.name: {{ $name | quote }} is a namespace of Kubernetes itself, and the floor would cut off its pods; use a namespace of its own for the servers
{{- else if and (include "mcpfence.on" $namespace.create) (eq $name .Release.Namespace) }}
- mcpNamespace.name: {{ $name | quote }} is also the release's namespace, which exists before the chart's first object and cannot be created by it; use another name, or set mcpNamespace.create to false
{{- end }}
{{- /* The chart's labels would stand twice, or the user's would silently win or lose. */ -}}
{{- $own := include "mcpfence.labels" . | fromYaml -}}
{{- range $key, $_ := $namespace.labels }}
{{- if hasKey $own $key }}
- mcpNamespace.labels: {{ $key | quote }} is set by the chart; remove it
{{- else if hasPrefix "pod-security.kubernetes.io/" $key }}
- mcpNamespace.labels: {{ $key | quote }} belongs to mcpNamespace.podSecurity; set it there
{{- end }}
{{- end }}
{{- end -}}

{{- define "mcpfence.refusals.podSecurity" -}}
{{- $podSecurity := (.Values.mcpNamespace).podSecurity | default dict -}}
{{- if include "mcpfence.on" $podSecurity.enabled }}
{{- range $mode := list "enforce" "audit" "warn" }}
{{- $level := index $podSecurity $mode | default "" }}
{{- if not (has $level (list "privileged" "baseline" "restricted")) }}
- mcpNamespace.podSecurity.{{ $mode }}: {{ $level | quote }} is no Pod Security level; use privileged, baseline or restricted
{{- end }}
{{- $version := index $podSecurity (printf "%sVersion" $mode) | default "" | toString }}
{{- if not (regexMatch "^(latest|v1\\.(0|[1-9][0-9]*))$" $version) }}
- mcpNamespace.podSecurity.{{ $mode }}Version: {{ $version | quote }} is no version; use latest, or a minor version such as v1.30
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "mcpfence.refusals.rbac" -}}
{{- $rbac := .Values.rbac | default dict -}}
{{- if include "mcpfence.grants" . }}
{{- $account := include "mcpfence.serviceAccountName" . }}
{{- if $rbac.subject }}
{{- if not (and $rbac.subject.kind $rbac.subject.name) }}
- rbac.subject: a subject needs kind and name; write both, or leave rbac.subject empty
{{- else if and $rbac.subject.namespace (ne $rbac.subject.kind "ServiceAccount") }}
- rbac.subject.namespace: a {{ $rbac.subject.kind }} has no namespace; remove it
{{- end }}
{{- else if not (regexMatch "^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$" $account) }}
- rbac.serviceAccount.name: {{ $account | quote }} is no name of a ServiceAccount; use at most 253 of a to z, 0 to 9, "-" and ".", beginning and ending with a letter or a digit
{{- else if and (not (include "mcpfence.on" ($rbac.serviceAccount).create)) (not ($rbac.serviceAccount).name) }}
- rbac.serviceAccount.name: without it, and with rbac.serviceAccount.create false, nobody is named who gets the Role; set it, or rbac.subject, or set rbac.create to false
{{- end }}
{{- end }}
{{- end -}}
