#!/bin/sh
# supergateway 4.0.0 in its mode with sessions (--stateful) before a client of MCP 2026-07-28, which has no sessions:
#
#     three requests for the list of tools           three processes of the server, nothing is remembered
#     a request of 110,000 bytes                      413 and a page of HTML that shows a stack trace with paths
#
# So tools that keep something between calls lose it without a word, and a client that wants JSON cannot read why a
# large argument is refused.
# Needs Node.js with npm, curl and the npm registry. Exits with 1 if what is stated here is no longer so.
set -eu

folder=$(mktemp -d)
gateway=
trap 'if [ -n "$gateway" ]; then kill "$gateway" || :; fi; rm -rf "$folder"' EXIT
npm install --prefix "$folder" --no-audit --no-fund --loglevel=error supergateway@4.0.0 >&2

cat >"$folder/server.js" <<'SERVER'
require("fs").appendFileSync(process.argv[2], process.pid + "\n");
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const serverInfo = { name: "server", version: "1" };
  const hello = { protocolVersion: params?.protocolVersion, capabilities: { tools: {} }, serverInfo };
  console.log(JSON.stringify({ jsonrpc: "2.0", id, result: method === "initialize" ? hello : { tools: [] } }));
});
SERVER
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$folder/node_modules/.bin/supergateway" --outputTransport streamableHttp --stateful --port "$port" --logLevel none \
    --stdio "node $folder/server.js $folder/started" >"$folder/log" 2>&1 &
gateway=$!

post() {
    curl --silent --max-time 120 --header 'Content-Type: application/json' \
        --header 'Accept: application/json, text/event-stream' --header 'MCP-Protocol-Version: 2026-07-28' \
        --header 'Mcp-Method: tools/list' --data-binary "@$1" --write-out '\n%{http_code} %{content_type}\n' \
        "http://127.0.0.1:$port/mcp"
}
until curl --silent --output "$folder/ignored" "http://127.0.0.1:$port/"; do
    kill -0 "$gateway"
    sleep 1
done

cat >"$folder/small.json" <<'JSON'
{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": {"name": "client", "version": "1"},
  "io.modelcontextprotocol/clientCapabilities": {}}}}
JSON
for _ in 1 2 3; do post "$folder/small.json" | grep '"tools":\[\]' >&2; done
python3 -c 'import json; print(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"x": "x" * 110000}}))' \
    >"$folder/large.json"
post "$folder/large.json" >"$folder/refusal"

said="processes: $(sort -u "$folder/started" | wc -l | tr -d ' ')
large: $(tail -n 1 "$folder/refusal")
paths in the page: $(grep -c node_modules/body-parser "$folder/refusal")"
echo "$said"
if [ "$said" != "processes: 3
large: 413 text/html; charset=utf-8
paths in the page: 1" ]; then
    echo "what is stated above is no longer so" >&2
    exit 1
fi
