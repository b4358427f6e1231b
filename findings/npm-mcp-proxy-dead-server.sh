#!/bin/sh
# npm's mcp-proxy 6.7.19 (github.com/punkpeye/mcp-proxy), which makes an HTTP endpoint of a server that speaks stdio:
#
#     the server is killed                    the proxy runs on; /ping says "pong" with 200, every call is an error
#     MCP_PROXY_PORT=tcp://10.96.0.7:80       "port NaN", and it ends: Kubernetes sets such a variable in every pod of a
#                                             namespace with a Service called mcp-proxy
#
# So a probe of the port or of /ping never sees a dead server, and the name of a Service decides whether it starts.
# Needs Node.js with npm, curl and the npm registry. Exits with 1 if what is stated here is no longer so.
set -eu

folder=$(mktemp -d)
proxy=
trap 'if [ -n "$proxy" ]; then kill "$proxy" || :; fi; rm -rf "$folder"' EXIT
npm install --prefix "$folder" --no-audit --no-fund --loglevel=error mcp-proxy@6.7.19 >&2

cat >"$folder/server.js" <<'SERVER'
require("fs").writeFileSync(process.argv[2], String(process.pid));
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const serverInfo = { name: "server", version: "1" };
  const hello = { protocolVersion: params?.protocolVersion, capabilities: { tools: {} }, serverInfo };
  console.log(JSON.stringify({ jsonrpc: "2.0", id, result: method === "initialize" ? hello : { tools: [] } }));
});
SERVER
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$folder/node_modules/.bin/mcp-proxy" --server stream --host 127.0.0.1 --port "$port" -- \
    node "$folder/server.js" "$folder/pid" >"$folder/log" 2>&1 &
proxy=$!
until curl --silent --output "$folder/ignored" "http://127.0.0.1:$port/ping"; do
    kill -0 "$proxy"
    sleep 1
done
server=$(cat "$folder/pid")
kill -KILL "$server"
while kill -0 "$server" 2>"$folder/ignored"; do sleep 1; done

cat >"$folder/list.json" <<'JSON'
{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": {"name": "client", "version": "1"},
  "io.modelcontextprotocol/clientCapabilities": {}}}}
JSON
ping=$(curl --silent --write-out ' %{http_code}' "http://127.0.0.1:$port/ping")
call=$(curl --silent --max-time 120 --header 'Content-Type: application/json' \
    --header 'Accept: application/json, text/event-stream' --header 'MCP-Protocol-Version: 2026-07-28' \
    --header 'Mcp-Method: tools/list' --data-binary "@$folder/list.json" "http://127.0.0.1:$port/mcp")
kill -0 "$proxy"
if MCP_PROXY_PORT=tcp://10.96.0.7:80 "$folder/node_modules/.bin/mcp-proxy" -- \
    node "$folder/server.js" "$folder/other" >"$folder/named" 2>&1; then
    echo "a Service's variable does not keep it from starting any more" >&2
    exit 1
fi

said="ping: $ping
call: $call
$(head -n 1 "$folder/named")"
echo "$said"
if [ "$said" != 'ping: pong 200
call: {"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"Not connected"}}
starting server on port NaN' ]; then
    echo "what is stated above is no longer so" >&2
    exit 1
fi
