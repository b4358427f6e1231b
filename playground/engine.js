// Behind Pyodide's two scripts, in a worker of its own: starts Python and hands requests on to mcpfence.
// Everything comes with the first message, so what Pyodide fetches is handed out here, once.
const NOWHERE = "https://playground.invalid/";

async function start({ wasm, library, site, lock }) {
  const files = new Map([
    [`${NOWHERE}pyodide.asm.wasm`, [wasm, "application/wasm"]],
    [`${NOWHERE}python_stdlib.zip`, [library, "application/zip"]],
  ]);
  self.fetch = async (address) => {
    const [bytes, type] = files.get(String(address)) ?? [];
    if (!bytes) throw new Error(`there is nothing at ${address}`);
    files.delete(String(address));
    return new Response(bytes, { headers: { "Content-Type": type } });
  };
  const python = await loadPyodide({
    indexURL: NOWHERE,
    lockFileContents: lock,
    createPyodideModule: _createPyodideModule,
  });
  python.unpackArchive(site, "zip", { extractDir: "/site" });
  python.runPython("import sys; sys.path.insert(0, '/site')");
  return python.pyimport("mcpfence_playground");
}

let playground;
self.onmessage = async ({ data }) => {
  try {
    playground ??= start(data.parts);
    const { reply } = await playground;
    postMessage({ id: data.id, reply: data.request && reply(JSON.stringify(data.request)) });
  } catch (error) {
    postMessage({ id: data.id, failed: String(error) });
  }
};
