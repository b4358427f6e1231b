// The page: fields on the left, what mcpfence says of them on the right.  Text of others becomes text, never markup.
(() => {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const values = $("values");
  const PAUSE = 400; // milliseconds without a key, after which the catalog is read
  const LONG = 3000; // milliseconds of work, after which it can be stopped

  const element = (name, text, kind = "") => {
    const made = document.createElement(name);
    made.textContent = text;
    made.className = kind;
    return made;
  };

  // --- Python, in a worker that can be stopped and started anew ---

  let worker, started, last = 0;
  const waiting = new Map();

  const unpacked = (id) => {
    const text = $(id).textContent;
    const bytes = Uint8Array.fromBase64?.(text) ?? Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  };

  const posted = (message, handed = []) =>
    new Promise((done, failed) => {
      waiting.set(++last, { done, failed });
      worker.postMessage({ ...message, id: last }, handed);
    });

  // Ends the worker; whoever waits for an answer is told why, and whoever asks next has a new one.
  const end = (sentence) => {
    worker.terminate();
    worker = started = undefined;
    for (const { failed } of waiting.values()) failed(new Error(sentence));
    waiting.clear();
  };

  const start = async () => {
    const [engine, wasm, library, site] = await Promise.all(["engine", "wasm", "library", "site"].map(unpacked));
    const address = URL.createObjectURL(new Blob([engine], { type: "text/javascript" }));
    worker = new Worker(address);
    worker.onmessage = ({ data }) => {
      const { done, failed } = waiting.get(data.id) ?? {};
      waiting.delete(data.id);
      if (!("failed" in data)) return done?.(data.reply && JSON.parse(data.reply));
      failed?.(new Error(data.failed));
      end("Python has ended"); // what failed in it once is not relied on again
    };
    worker.onerror = (event) => end(event.message || "Python could not be started");
    await posted({ parts: { wasm, library, site, lock: JSON.parse($("lock").textContent) } }, [wasm, library, site]);
    URL.revokeObjectURL(address);
  };

  const ask = async (what, more = {}) => {
    const fields = { values: values.value, release: $("release").value, namespace: $("namespace").value };
    const long = setTimeout(() => ($("stop").hidden = !worker), LONG);
    try {
      await (started ??= start());
      return await posted({ request: { what, ...fields, ...more } });
    } finally {
      clearTimeout(long);
      $("stop").hidden = true;
    }
  };

  $("stop").addEventListener("click", () => end("stopped; change something to try again"));

  // --- findings ---

  const marked = new Map(); // lines of the catalog, and the worst that is said of them

  const showFindings = (found) => {
    marked.clear();
    $("findings").replaceChildren(...found.map(item));
    $("findings").hidden = !found.length;
    number();
  };

  const item = ({ severity, line, position }) => {
    const made = element("li", "", severity);
    let rest = line.slice(severity.length + 1);
    made.append(element("strong", `${severity}:`));
    if (position) {
      const place = `${position.file}:${position.line}:${position.column}`;
      const button = element("button", place);
      button.type = "button";
      button.addEventListener("click", () => go(position));
      if (!marked.has(position.line)) marked.set(position.line, severity);
      rest = rest.trimStart().slice(place.length);
      made.append(" ", button);
    }
    made.append(rest);
    return made;
  };

  // Selects what stands at a place to the end of its line; columns count characters, strings of JavaScript halves of some.
  const go = ({ line, column }) => {
    const lines = values.value.split("\n");
    const before = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
    const text = lines[line - 1] ?? "";
    const at = [...text].slice(0, column - 1).join("").length;
    values.focus();
    values.setSelectionRange(before + at, before + text.length);
    values.scrollTop = (line - 4) * parseFloat(getComputedStyle(values).lineHeight);
    follow();
  };

  const number = () => {
    const count = values.value.split("\n").length;
    const rows = Array.from({ length: count }, (_, row) => element("span", `${row + 1}\n`, marked.get(row + 1)));
    $("numbers").replaceChildren(...rows);
    follow();
  };

  const follow = () => {
    $("numbers").style.transform = `translateY(${-values.scrollTop}px)`;
  };

  // --- what the tabs show ---

  const stale = { explain: true, report: true };
  let sound = false, round = 0;

  const say = (text, kind = "") => {
    $("said").textContent = text;
    $("state").className = `bar ${kind}`;
  };

  const lines = (found) => found.map(([text, tone]) => element("span", `${text}\n`, tone));

  // One round at a time; what is written meanwhile is read in the next one.
  let busy = false, again = false;
  const read = async () => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    do {
      again = false;
      say(started ? "Reading ..." : "Starting Python, which takes some seconds.");
      try {
        show(await ask("render"));
      } catch (error) {
        sound = false;
        say(`mcpfence could not answer: ${error.message}`, "error");
      }
    } while (again);
    busy = false;
  };

  const show = (found) => {
    round += 1;
    sound = found.ok;
    showFindings(found.findings);
    say(found.summary, found.findings[0]?.severity);
    $("yaml").textContent = sound ? found.manifests : "Nothing is rendered as long as there are errors.";
    $("count").textContent = sound ? `${found.manifests.match(/^---$/gm).length} objects` : "";
    $("copy").disabled = !sound;
    stale.explain = stale.report = true;
    if (sound) choose(found.names);
    everybody = sound ? found.everybody : [["Nothing is explained as long as there are errors.", "plain"]];
    fill();
  };

  let everybody = [];
  const choose = (names) => {
    const before = $("server").value;
    const options = [element("option", "everybody"), ...names.map((name) => element("option", name))];
    options[0].value = "";
    $("server").replaceChildren(...options);
    $("server").value = names.includes(before) ? before : "";
  };

  const selected = () => document.querySelector("[role=tab][aria-selected=true]").id.slice(4);

  // Fills the tab that is seen, where that is not done already.
  const fill = async () => {
    const tab = selected();
    if (!stale[tab]) return;
    stale[tab] = false;
    const mine = round;
    try {
      if (tab === "report") {
        const found = sound ? await ask("report") : {};
        if (mine === round) $("page").srcdoc = found.html ?? "";
      } else {
        const answer = await explanation();
        if (mine === round) $("answer").replaceChildren(...lines(answer));
      }
    } catch (error) {
      say(`mcpfence could not answer: ${error.message}`, "error");
    }
  };

  const explanation = async () => {
    const asked = { server: $("server").value, to: $("to").value.trim(), from: $("from").value.trim() };
    $("to").disabled = $("from").disabled = !asked.server;
    if (!sound || !asked.server) return everybody;
    const found = await ask("explain", asked);
    if (found.lines) return found.lines;
    return found.question ? [[found.question, "warning"]] : found.findings.map(({ line }) => [line, "warning"]);
  };

  const question = (event) => {
    event.preventDefault();
    stale.explain = true;
    fill();
  };
  $("question").addEventListener("submit", question);
  $("server").addEventListener("change", question);

  $("copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText($("yaml").textContent);
      $("copy").textContent = "Copied";
    } catch {
      getSelection().selectAllChildren($("yaml"));
      $("copy").textContent = "Selected";
    }
    setTimeout(() => ($("copy").textContent = "Copy"), 1500);
  });

  // --- tabs ---

  const tabs = [...document.querySelectorAll("[role=tab]")];
  const select = (tab) => {
    for (const one of tabs) {
      one.setAttribute("aria-selected", String(one === tab));
      one.tabIndex = one === tab ? 0 : -1;
      $(one.getAttribute("aria-controls")).hidden = one !== tab;
    }
    fill();
  };
  for (const [place, tab] of tabs.entries()) {
    tab.addEventListener("click", () => select(tab));
    tab.addEventListener("keydown", ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (!step) return;
      const next = tabs[(place + step + tabs.length) % tabs.length];
      next.focus();
      select(next);
    });
  }

  // --- fields ---

  let pause;
  const soon = () => {
    clearTimeout(pause);
    pause = setTimeout(read, PAUSE);
  };
  values.addEventListener("input", () => {
    marked.clear();
    number();
    soon();
  });
  values.addEventListener("scroll", follow);
  for (const [name, event] of [["release", "input"], ["release", "change"], ["namespace", "input"], ["namespace", "change"]]) {
    $(name).addEventListener(event, soon);
  }

  const examples = JSON.parse($("examples").textContent);
  const take = () => {
    values.value = examples[$("example").value];
    values.scrollTop = 0;
    marked.clear();
    number();
    read();
  };
  $("example").append(...Object.keys(examples).map((name) => element("option", name)));
  $("example").addEventListener("change", take);
  take();
})();
