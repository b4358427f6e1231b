{{/*
What the carrier takes over from the values, by place and key:

    keep      as it is
    part      key by key, by the table of that name
    url       scheme, host and port alone: paths, queries and user names of MCP URLs often are credentials
    package   without user name and password, if it is a URL
    drop      nothing, not even the name

A key that is not in the table is carried by name with its value withheld. Both simple lists would be wrong here: a
list of what to keep would lose a misspelt denyAllEgress without a word, so that the renderer, which refuses unknown
keys, never sees the mistake; a list of what to drop would put a misspelt env, with its passwords, into the cluster.
(Helm refuses unknown keys by values.schema.json, but --skip-schema-validation exists.) A test keeps this table and
the schema equal.
*/}}
{{- define "mcpfence.carried" -}}
root:
  cluster: keep
  dns: keep
  egress: keep
  clients: keep
  workloads: keep
  run: keep
  gateway: keep
  mcpServerDefaults: part
  mcpNamespace: part
  servers: part
  rbac: drop
  global: drop
mcpServerDefaults:
  port: keep
  image: drop
  imagePullSecrets: drop
  imagePullPolicy: drop
  resources: drop
  affinity: drop
  tolerations: drop
  nodeSelector: drop
  runtimeClassName: drop
  storageClassName: drop
  nanobotWorkspaceSize: drop
  nanobotAgentResources: drop
  maxCPURequest: drop
  maxCPULimit: drop
  maxMemoryRequest: drop
  maxMemoryLimit: drop
mcpNamespace:
  name: keep
  networkPolicy: keep
  create: drop
  keep: drop
  annotations: drop
  labels: drop
  resourceQuota: drop
  podSecurity: drop
server:
  runtime: keep
  egress: keep
  ingress: keep
  podSelector: keep
  run: keep
  compositeConfig: keep
  npxConfig: part
  uvxConfig: part
  containerizedConfig: part
  remoteConfig: part
  env: drop
  displayName: drop
  description: drop
npxConfig:
  package: package
  egressDomains: keep
  denyAllEgress: keep
  args: drop
uvxConfig:
  package: package
  egressDomains: keep
  denyAllEgress: keep
  command: drop
  args: drop
containerizedConfig:
  image: keep
  port: keep
  egressDomains: keep
  denyAllEgress: keep
  path: drop
  command: drop
  args: drop
remoteConfig:
  fixedURL: url
  urlTemplate: url
  hostname: keep
  headers: drop
{{- end -}}

{{/*
Copies what is carried of one map into another one, in place, and prints nothing. Keys of the argument:
from, into: the maps; table: the table above; place: the row of the table.
An empty map or list is carried as it is: a written empty list means something.
*/}}
{{- define "mcpfence.carry" -}}
{{- $rules := index .table .place -}}
{{- range $key, $value := .from -}}
{{- $rule := index $rules $key -}}
{{- if eq $rule "keep" -}}
{{- $_ := set $.into $key $value -}}
{{- else if eq $rule "drop" -}}
{{- else if and (eq $rule "part") (kindIs "map" $value) -}}
{{- $part := dict -}}
{{- if eq $key "servers" -}}
{{- template "mcpfence.carryServers" dict "from" $value "into" $part "table" $.table -}}
{{- else -}}
{{- template "mcpfence.carry" dict "from" $value "into" $part "table" $.table "place" $key -}}
{{- end -}}
{{- $_ := set $.into $key $part -}}
{{- else if and (eq $rule "url") (kindIs "string" $value) -}}
{{- $_ := set $.into $key (regexReplaceAll "(?s)^([A-Za-z][A-Za-z0-9+.-]*://)?([^/?#@]*@)?([^/?#]*).*$" $value "${1}${3}") -}}
{{- else if and (eq $rule "package") (kindIs "string" $value) -}}
{{- /* A regular expression is compiled at each use, and hardly any package is a URL. */ -}}
{{- if contains "://" $value -}}
{{- $_ := set $.into $key (regexReplaceAll "://[^/?#@]*@" $value "://") -}}
{{- else -}}
{{- $_ := set $.into $key $value -}}
{{- end -}}
{{- else -}}
{{- $_ := set $.into $key "withheld by the chart" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
The same for the map of servers, whose keys are names. Keys of the argument: from, into, table.
*/}}
{{- define "mcpfence.carryServers" -}}
{{- range $name, $server := .from -}}
{{- $kept := dict -}}
{{- if kindIs "map" $server -}}
{{- template "mcpfence.carry" dict "from" $server "into" $kept "table" $.table "place" "server" -}}
{{- $_ := set $.into $name $kept -}}
{{- else -}}
{{- $_ := set $.into $name "withheld by the chart" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
The JSON text with every character escaped that ends a line in YAML (U+0085) or that YAML forbids. Without this, a
value could leave the block scalar and write YAML of its own. Newlines, U+2028 and U+2029 are escaped by toJson.
*/}}
{{- define "mcpfence.oneLine" -}}
{{- $json := . -}}
{{- if regexMatch "[\\x{7f}-\\x{9f}\\x{fffe}\\x{ffff}]" $json -}}
{{- range $code := concat (untilStep 127 160 1) (list 65534 65535) -}}
{{- $json = replace (printf "%c" $code) (printf "\\u%04x" $code) $json -}}
{{- end -}}
{{- end -}}
{{- $json -}}
{{- end -}}
