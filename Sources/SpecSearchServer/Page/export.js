"use strict";
// What can be taken along: texts, the tree as a picture or as JSON, and the trace itself.

/** Copies a text; answers whether the browser let it. */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Pages that are not served by HTTPS have no clipboard but this one.
    const field = html("textarea", { class: "visually-hidden", "aria-hidden": "true" });
    const focused = document.activeElement;
    field.value = text;
    document.body.append(field);
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    focused?.focus();
    return isCopied;
  }
}

function saveFile(name, type, content) {
  const link = html("a", { download: name });
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** The tree and what became of it, as one JSON object. */
function treeAsJSON(model) {
  const nodes = model.drawn.map((node) => ({
    id: node.id, parent: node.parent?.id ?? null, depth: node.depth, source: node.source, state: node.state,
    text: node.parent ? node.text : model.started?.problem.text, score: node.score, threshold: node.threshold,
    tokens: node.tokens, samples: node.samples, isOnWinningPath: node.isWinner,
    ...(node.visits ? { visits: node.visits, meanValue: node.total / node.visits } : {}),
  }));
  const { answer = null, seconds = null, end = null, acceptance = null } = model.result ?? {};
  return JSON.stringify(
    { problem: model.started?.problem, configuration: model.configuration, answer, seconds, end, acceptance, nodes }, null, 1);
}

/** The style rules of the tree, with the colours of the theme that is shown. */
function treeStyle() {
  const look = getComputedStyle(document.documentElement);
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])
    .filter((rule) => /\.(edge|card|box|source|text|mark|score|rail|bar|tick|is-hidden)\b/.test(rule.selectorText ?? ""))
    .map((rule) => rule.cssText.replace(/var\((--[a-z-]+)\)/g, (_, name) => look.getPropertyValue(name).trim())
      .replace(/animation:[^;]*;/, ""));
  return `text { font-family: ${look.fontFamily}; }\n${rules.join("\n")}`;
}

/** The whole tree, as it is filtered and folded, as an SVG file. */
function treeAsSVG(tree) {
  const { width, height } = tree.size;
  const picture = svg("svg", { class: "tree", viewBox: `0 0 ${width} ${height}`, width, height });
  const ground = getComputedStyle(document.documentElement).getPropertyValue("--ground").trim();
  const [edges, cards] = [svg("g"), svg("g")];
  picture.append(svg("style", {}, treeStyle()), svg("rect", { width, height, fill: ground }), edges, cards);
  for (const node of tree.places) {
    const entry = new Card(node);
    entry.update(tree.model, { selected: null, folded: tree.folded });
    for (const name of ["tabindex", "role", "aria-pressed"]) entry.group.removeAttribute(name);
    if (entry.edge) edges.append(entry.edge);
    cards.append(entry.group);
  }
  return readable(`<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(picture)}\n`);
}

/** A picture in pixels of one in lines: twice as fine, or as fine as a browser's largest canvas is. */
async function pictureOf(lines, { width, height }) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(lines)}`;
  const scale = Math.min(2, 16000 / width, 16000 / height, Math.sqrt(6e7 / (width * height)));
  const canvas = html("canvas", { width: Math.ceil(width * scale), height: Math.ceil(height * scale) });
  try {
    await image.decode();
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    const content = await new Promise((done) => { canvas.toBlob(done); });
    if (content) return content;
  } catch {
    // Told below.
  }
  throw new Error("This browser cannot draw a picture of this size: fold or filter the tree, or save it as SVG.");
}
