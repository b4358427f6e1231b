{{/*
What the carrier takes over from the values, by place and key:

    keep      as it is
    part      key by key, by the table of that name
    url       scheme, host and port alone: paths, queries and user names of MCP URLs often are credentials
    package   where mcpfence runs the server: as it is, but withheld if it looks like a secret; else without user name
    run       as it is where mcpfence runs the server, else nothing
    args      where mcpfence runs the server: the list, withheld as a whole if one looks like a secret; else nothing
    env       where mcpfence runs the server: the variables, with values withheld that look like secrets; else nothing
    register  as part, by the table named registration
    running   a switch as it is, a map as part, by the table named serverRun
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
  run: part
  gateway: part
  guard: keep
  mcpServerDefaults: part
  mcpNamespace: part
  servers: part
  rbac: drop
  global: drop
mcpServerDefaults:
  port: keep
  image: run
  bridge: run
  imagePullSecrets: run
  imagePullPolicy: run
  resources: run
  volumeSizeLimit: run
  affinity: run
  tolerations: run
  nodeSelector: run
  runtimeClassName: run
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
run:
  enabled: keep
server:
  runtime: keep
  egress: keep
  ingress: keep
  podSelector: keep
  run: running
  gateway: register
  compositeConfig: keep
  npxConfig: part
  uvxConfig: part
  containerizedConfig: part
  remoteConfig: part
  env: env
  displayName: drop
  description: drop
npxConfig:
  package: package
  egressDomains: keep
  denyAllEgress: keep
  args: args
uvxConfig:
  package: package
  egressDomains: keep
  denyAllEgress: keep
  command: args
  args: args
containerizedConfig:
  image: keep
  port: keep
  egressDomains: keep
  denyAllEgress: keep
  path: drop
  command: args
  args: args
remoteConfig:
  fixedURL: url
  urlTemplate: url
  hostname: keep
  headers: drop
gateway:
  provider: keep
  name: keep
  namespace: keep
  apiVersion: keep
  create: keep
  gatewayClassName: keep
  publicHost: keep
  sectionName: keep
  serverSectionName: keep
  listeners: keep
  allowedNamespaces: keep
  extension: part
  auth: part
  toolsList: part
  authorinoNamespace: keep
  virtualServers: keep
extension:
  create: keep
  name: keep
  namespace: keep
  privateHost: keep
  backendPingIntervalSeconds: keep
  logLevel: keep
  sessionStore: keep
auth:
  type: keep
  issuerUrl: keep
  audience: keep
  toolRoles: keep
  tokenExchange: part
tokenExchange:
  url: keep
  sharedSecretRef: part
  scope: keep
sharedSecretRef:
  name: keep
  key: keep
toolsList:
  privateKeySecret: keep
  publicKeySecret: keep
registration:
  prefix: keep
  path: keep
  hostname: keep
  service: keep
  backend: keep
  auth: part
  credentialRef: part
  caCertSecretRef: part
  state: keep
  userSpecificList: keep
  category: keep
  hint: keep
  tags: keep
  tokenURLElicitation: keep
  kubernetesUsers: keep
credentialRef:
  name: keep
  key: keep
caCertSecretRef:
  name: keep
  key: keep
serverRun:
  enabled: keep
  transport: keep
  bridgeLog: keep
  readOnlyRootFilesystem: keep
  writablePaths: keep
  runAsUser: keep
  volumeSizeLimit: keep
  resources: keep
  restart: keep
  serviceAccount: keep
envEntry:
  key: keep
  name: keep
  description: drop
  required: keep
  sensitive: keep
  value: drop
  secretKeyRef: part
  file: keep
secretKeyRef:
  name: keep
  key: keep
{{- end -}}

{{/*
Copies what is carried of one map into another one, in place, and prints nothing. Keys of the argument:
from, into: the maps; table: the table above; place: the row of the table; runs: whether mcpfence runs what it is of.
An empty map or list is carried as it is: a written empty list means something.
*/}}
{{- define "mcpfence.carry" -}}
{{- $rules := index .table .place -}}
{{- range $key, $value := .from -}}
{{- $rule := index $rules $key -}}
{{- if eq $rule "keep" -}}
{{- $_ := set $.into $key $value -}}
{{- else if eq $rule "drop" -}}
{{- else if eq $rule "run" -}}
{{- if $.runs -}}
{{- $_ := set $.into $key $value -}}
{{- end -}}
{{- else if eq $rule "args" -}}
{{- if $.runs -}}
{{- $texts := $value -}}
{{- if not (kindIs "slice" $value) -}}
{{- $texts = list $value -}}
{{- end -}}
{{- if include "mcpfence.secretForm" (join "\n" $texts) -}}
{{- $_ := set $.into $key (list "withheld by the chart") -}}
{{- else -}}
{{- $_ := set $.into $key $value -}}
{{- end -}}
{{- end -}}
{{- else if and (eq $rule "env") (kindIs "slice" $value) -}}
{{- if $.runs -}}
{{- $_ := set $.into $key (include "mcpfence.carriedEnv" (dict "entries" $value "table" $.table) | fromJsonArray) -}}
{{- end -}}
{{- else if and (eq $rule "env") (not $.runs) -}}
{{- else if and (eq $rule "running") (kindIs "map" $value) -}}
{{- $part := dict -}}
{{- template "mcpfence.carry" dict "from" $value "into" $part "table" $.table "place" "serverRun" -}}
{{- $_ := set $.into $key $part -}}
{{- else if and (eq $rule "running") (kindIs "bool" $value) -}}
{{- $_ := set $.into $key $value -}}
{{- else if and (eq $rule "part") (kindIs "map" $value) -}}
{{- $part := dict -}}
{{- if eq $key "servers" -}}
{{- template "mcpfence.carryServers" dict "from" $value "into" $part "table" $.table "runs" $.runs -}}
{{- else -}}
{{- template "mcpfence.carry" dict "from" $value "into" $part "table" $.table "place" $key "runs" (or $.runs (and (eq $key "mcpServerDefaults") $.anyRuns)) -}}
{{- end -}}
{{- $_ := set $.into $key $part -}}
{{- else if and (eq $rule "register") (kindIs "map" $value) -}}
{{- $part := dict -}}
{{- template "mcpfence.carry" dict "from" $value "into" $part "table" $.table "place" "registration" -}}
{{- $_ := set $.into $key $part -}}
{{- else if and (eq $rule "url") (kindIs "string" $value) -}}
{{- $_ := set $.into $key (regexReplaceAll "(?s)^([A-Za-z][A-Za-z0-9+.-]*://)?([^/?#@]*@)?([^/?#]*).*$" $value "${1}${3}") -}}
{{- else if and (eq $rule "package") (kindIs "string" $value) -}}
{{- /* A regular expression is compiled at each use, and hardly any package is a URL. */ -}}
{{- if and $.runs (include "mcpfence.secretForm" $value) -}}
{{- $_ := set $.into $key "withheld by the chart" -}}
{{- else if and (not $.runs) (contains "://" $value) -}}
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
The same for the map of servers, whose keys are names. Keys of the argument: from, into, table; runs: whether mcpfence
runs the servers that do not say so themselves.
*/}}
{{- define "mcpfence.carryServers" -}}
{{- range $name, $server := .from -}}
{{- $kept := dict -}}
{{- if kindIs "map" $server -}}
{{- $runs := $.runs -}}
{{- if kindIs "map" $server.run -}}
{{- $runs = ne (toString $server.run.enabled) "false" -}}
{{- else if kindIs "bool" $server.run -}}
{{- $runs = $server.run -}}
{{- end -}}
{{- template "mcpfence.carry" dict "from" $server "into" $kept "table" $.table "place" "server" "runs" $runs -}}
{{- $_ := set $.into $name $kept -}}
{{- else -}}
{{- $_ := set $.into $name "withheld by the chart" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
Whether any server says that mcpfence runs it: "true" or nothing. The argument is the map of servers.
*/}}
{{- define "mcpfence.anyRuns" -}}
{{- range $server := . -}}
{{- if kindIs "map" $server -}}
{{- if or (kindIs "map" $server.run) $server.run -}}true{{- break -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
Environment variables as a JSON list. A value is withheld where the entry is called sensitive, is named like a secret or
has the form of one; the renderer then refuses it. Keys of the argument: entries, table.
The patterns are the renderer's own (_secrets.tpl).
*/}}
{{- define "mcpfence.carriedEnv" -}}
{{- $entries := list -}}
{{- range $entry := .entries -}}
{{- if kindIs "map" $entry -}}
{{- $kept := dict -}}
{{- template "mcpfence.carry" dict "from" $entry "into" $kept "table" $.table "place" "envEntry" -}}
{{- if hasKey $entry "value" -}}
{{- $key := toString ($entry.key | default $entry.name) -}}
{{- $shown := and (kindIs "string" $entry.value) (not $entry.sensitive) -}}
{{- if and $shown (include "mcpfence.namedSecret" (dict "key" $key "value" $entry.value)) -}}
{{- $shown = false -}}
{{- end -}}
{{- if and $shown (include "mcpfence.secretForm" $entry.value) -}}
{{- $shown = false -}}
{{- end -}}
{{- $_ := set $kept "value" (ternary $entry.value "withheld by the chart" $shown) -}}
{{- end -}}
{{- $entries = append $entries $kept -}}
{{- else -}}
{{- $entries = append $entries "withheld by the chart" -}}
{{- end -}}
{{- end -}}
{{- $entries | toJson -}}
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
