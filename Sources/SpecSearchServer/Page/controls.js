"use strict";
// The controls around the tree: choices that are remembered, files that are opened, and what can be taken along.

/** Takes up the choices of an earlier visit, and remembers those of this one. */
function rememberChoices(page) {
  const root = document.documentElement;
  const theme = memory.read("theme");
  if (["light", "dark"].includes(theme)) root.dataset.theme = theme;
  page.at("theme").addEventListener("click", () => {
    const isDark = root.dataset.theme
      ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
    memory.write("theme", root.dataset.theme);
  });
  const filter = memory.read("filter");
  const choose = (name) => { for (const tree of page.trees) tree.change(() => { tree.filter = name; }); };
  if (Object.hasOwn(filters, filter ?? "")) choose(filter);
  page.at("filter").value = page.tree.filter;
  page.at("filter").addEventListener("change", (event) => {
    choose(event.target.value);
    memory.write("filter", event.target.value);
  });
  for (const part of document.querySelectorAll("details[data-remember]")) {
    const name = `open.${part.dataset.remember}`;
    const isOpen = memory.read(name);
    if (isOpen !== null) part.open = isOpen === "true";
    part.addEventListener("toggle", () => {
      memory.write(name, String(part.open));
      page.drawFigures();
    });
  }
}

/** Traces come by the button, or are dropped anywhere on the page; a second one is shown beside the first. */
function listenForFiles(page) {
  const open = (files) => page.guard(async () => {
    const [text, beside] = await Promise.all([...files].slice(0, 2).map((file) => file.text()));
    if (text !== undefined) page.open(text, beside);
  });
  page.at("file")?.addEventListener("change", async ({ target }) => {
    await open(target.files);
    target.value = "";
  });
  addEventListener("dragover", (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    open(event.dataTransfer.files);
  });
}

/** The buttons of the tree, and the menu of what can be copied and saved. */
function listenForTools(page) {
  const zooms = { "zoom-in": 1.25, "zoom-out": 0.8, "zoom-fit": 0 };
  for (const [id, factor] of Object.entries(zooms)) {
    page.at(id).addEventListener("click", () => { for (const tree of page.trees) tree.scale(factor); });
  }
  const trace = () => `${page.lines.join("\n")}\n`;
  const files = {
    "save-svg": () => saveFile("tree.svg", "image/svg+xml", treeAsSVG(page.tree)),
    "save-png": async () => saveFile("tree.png", "image/png", await pictureOf(treeAsSVG(page.tree), page.tree.size)),
    "save-json": () => saveFile("tree.json", "application/json", treeAsJSON(page.model)),
    save: () => saveFile("trace.jsonl", "application/x-ndjson", trace()),
  };
  for (const [id, save] of Object.entries(files)) page.at(id).addEventListener("click", () => page.guard(save));
  const copies = { "copy-trace": ["Copy the trace", trace], "copy-link": ["Copy the link", () => location.href] };
  for (const [id, [name, text]] of Object.entries(copies)) {
    page.at(id).replaceWith(Object.assign(copyButton(name, text), { id }));
  }
  page.at("copy-link").hidden = !page.at("form");
  const menu = document.querySelector(".menu");
  addEventListener("click", (event) => menu.contains(event.target) || (menu.open = false));
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
