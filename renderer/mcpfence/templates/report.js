"use strict";
// Searches, filters and opens what stands in the page already; without this script everything is still there.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const numbers = (text) => new Set((text || "").split(" ").filter(Boolean));
  const find = (id) => document.getElementById(id);
  const list = find("entries");
  const entries = all(".entry").map((node, place) => ({
    node, place,
    name: node.querySelector(".name").textContent.toLowerCase(),
    callers: numbers(node.dataset.callers), classes: numbers(node.dataset.classes), marks: numbers(node.dataset.marks),
    opened: false,
  }));
  const boxes = all(".box").map((node) => ({ node, entries: numbers(node.dataset.entries) }));
  const lines = all(".line");
  const search = find("search"), caller = find("caller"), kind = find("class"), count = find("count"), clear = find("clear");
  const marks = all("input[name=mark]");
  const picture = find("picture");
  let chosen = -1;

  const words = () => search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (entry) => (entry.text ??= entry.node.textContent.toLowerCase());

  function shows(entry, wanted) {
    return wanted.every((word) => text(entry).includes(word))
      && (!caller.value || entry.callers.has(caller.value))
      && (!kind.value || entry.classes.has(kind.value))
      && marks.every((box) => !box.checked || entry.marks.has(box.value))
      && (chosen < 0 || boxes[chosen].entries.has(String(entry.place)));
  }

  // Whose name it is stands before whom it merely mentions.
  function rank(entry, query) {
    return !query ? 0 : entry.name === query ? 0 : entry.name.includes(query) ? 1 : 2;
  }

  function open(entry, is) {
    if (is && !entry.node.open) { entry.node.open = entry.opened = true; }
    else if (!is && entry.opened) { entry.node.open = entry.opened = false; }
  }

  function update() {
    const wanted = words(), query = wanted.join(" ");
    const shown = entries.filter((entry) => shows(entry, wanted));
    const there = new Set(shown);
    for (const entry of entries) entry.node.hidden = !there.has(entry);
    const sorted = [...entries].sort((a, b) => rank(a, query) - rank(b, query) || a.place - b.place);
    if (query || list.dataset.sorted) { list.append(...sorted.map((entry) => entry.node)); list.dataset.sorted = query; }
    const first = sorted.find((entry) => there.has(entry));
    for (const entry of entries) open(entry, entry === first && (shown.length === 1 || (query !== "" && entry.name === query)));
    const filtered = shown.length < entries.length;
    count.textContent = filtered ? `${shown.length} of ${entries.length} shown` : `${entries.length} shown`;
    clear.hidden = !filtered && chosen < 0 && !query;
    find("none").hidden = shown.length > 0;
    if (wanted.length && picture.open) { picture.open = false; picture.dataset.closed = "1"; }
    if (!wanted.length && picture.dataset.closed) { picture.open = true; delete picture.dataset.closed; }
    const places = new Set(shown.map((entry) => String(entry.place)));
    for (const box of boxes) box.node.classList.toggle("dim", filtered && ![...box.entries].some((place) => places.has(place)));
    for (const line of lines) {
      const ends = [line.dataset.source, line.dataset.target].map(Number);
      line.classList.toggle("on", ends.includes(chosen));
      line.classList.toggle("dim", filtered && (chosen >= 0 ? !ends.includes(chosen) : ends.some((end) => boxes[end].node.classList.contains("dim"))));
    }
    boxes.forEach((box, place) => box.node.setAttribute("aria-pressed", String(place === chosen)));
    if (query || /^#q=/.test(location.hash)) history.replaceState(null, "", query ? `#q=${encodeURIComponent(query)}` : "#");
  }

  function choose(place) { chosen = chosen === place ? -1 : place; update(); }

  boxes.forEach(({ node }, place) => {
    node.setAttribute("tabindex", "0");
    node.setAttribute("role", "button");
    node.addEventListener("click", () => choose(place));
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(place); }
    });
  });
  search.addEventListener("input", update);
  for (const control of [caller, kind, ...marks]) control.addEventListener("change", update);
  clear.addEventListener("click", () => {
    search.value = caller.value = kind.value = "";
    for (const box of marks) box.checked = false;
    chosen = -1;
    update();
    search.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT)$/.test(document.activeElement.tagName)) { event.preventDefault(); search.focus(); }
    if (event.key === "Escape" && document.activeElement === search) clear.click();
  });
  // On paper nothing can be opened.
  addEventListener("beforeprint", () => all("details").forEach((node) => { if (!node.open) { node.open = true; node.dataset.printed = "1"; } }));
  addEventListener("afterprint", () => all("details[data-printed]").forEach((node) => { node.open = false; delete node.dataset.printed; }));

  for (const node of all(".needs-script")) node.hidden = false;
  const asked = /^#q=(.*)$/.exec(location.hash);
  if (asked) { try { search.value = decodeURIComponent(asked[1]); } catch { search.value = ""; } }
  update();
})();
