"use strict";
// One thought as a card of the tree: a line of its words, its mark, and its score against the threshold.

const marks = {
  sampled: "", accepted: "✓", surplus: "+", rejected: "✕", salvaged: "✓", correction: "↻", duplicate: "=", unusable: "–", lost: "!",
};

/** Cuts texts to a width, measured in the letters that are drawn. */
class TextFitter {
  constructor(font) {
    this.context = document.createElement("canvas").getContext("2d");
    this.context.font = font;
  }

  width(text) { return this.context.measureText(text).width; }

  fit(text, room) {
    const symbols = [...text.slice(0, 200)];
    if (symbols.length === text.length && this.width(text) <= room) return text;
    let [least, most] = [0, symbols.length];
    while (least < most) {
      const middle = Math.ceil((least + most) / 2);
      if (this.width(`${symbols.slice(0, middle).join("")}…`) <= room) least = middle;
      else most = middle - 1;
    }
    return `${symbols.slice(0, least).join("").trimEnd()}…`;
  }
}

/** A sentence about a thought. */
function describe(node) {
  if (!node.parent) return "The problem";
  const parts = [`Step ${node.depth}`, `by the ${roleNames[node.source]}`, stateNames[node.state]];
  if (node.score !== null) parts.push(`score ${digits(node.score)}`);
  if (typeof node.threshold === "number") parts.push(`threshold ${digits(node.threshold)}`);
  if (node.visits) parts.push(`visits ${node.visits}`);
  if (node.isWinner) parts.push("on the winning path");
  return `${parts.join(", ")}: ${node.key.slice(0, 300)}`;
}

/** The elements of one thought, and the edge to it. */
class Card {
  constructor(node) {
    this.node = node;
    this.group = svg("g", { class: "card", tabindex: "-1", role: "button" });
    this.group.dataset.id = node.id;
    this.parts = {
      box: svg("rect", { class: "box", width: card.width, height: card.height, rx: 7 }),
      source: svg("rect", { class: "source", x: 0, y: 0, width: 5, height: card.height, rx: 2.5 }),
      text: svg("text", { class: "text", x: 13, y: node.parent ? 15 : 21 }),
      mark: svg("text", { class: "mark", x: card.width - 8, y: 15, "text-anchor": "end" }),
      rail: svg("rect", { class: "rail", x: 13, y: 23, width: Card.rail, height: 4, rx: 2 }),
      bar: svg("rect", { class: "bar", x: 13, y: 23, width: 0, height: 4, rx: 2 }),
      tick: svg("rect", { class: "tick", y: 20.5, width: 2, height: 9 }),
      score: svg("text", { class: "score", x: card.width - 8, y: 28.5, "text-anchor": "end" }),
      title: svg("title"),
    };
    this.group.append(...Object.values(this.parts));
    this.edge = node.parent ? svg("path", { class: "edge" }) : null;
  }

  static get rail() { return card.width - 88; }
  static get fitter() { return (this.measure ??= new TextFitter('11.5px system-ui, "Segoe UI", "Liberation Sans", "DejaVu Sans", sans-serif')); }

  /** Draws what has changed. */
  update(model, view) {
    const { node, parts } = this;
    const isRoot = !node.parent;
    const classes = ["card", `is-${node.state}`, `by-${node.source ?? "nobody"}`];
    if (node.onBeam) classes.push("on-beam");
    if (node.isWinner && model.result) classes.push("is-winner");
    if (node === view.selected) classes.push("is-selected");
    if (node.iteration !== undefined && node.iteration === model.iteration && !model.result) classes.push("is-walked");
    const hidden = view.folded.has(node.id) ? node.children.length : 0;
    const look = [classes.join(" "), node.x, node.y, node.score, node.threshold, node.samples, node.visits, hidden].join("|");
    if (this.look === look) return;
    this.look = look;
    this.group.setAttribute("class", classes.join(" "));
    this.group.setAttribute("transform", `translate(${node.x} ${node.y})`);
    this.group.setAttribute("aria-label", describe(node) + (hidden ? "; what follows it is folded" : ""));
    this.group.setAttribute("aria-pressed", String(node === view.selected));
    parts.title.textContent = isRoot ? readable((model.started?.problem.text ?? "").slice(0, 500)) : node.key.slice(0, 500);
    const mark = [isRoot ? "" : marks[node.state], node.samples > 1 ? `×${node.samples}` : "", hidden ? "▸" : ""]
      .filter(Boolean).join(" ");
    parts.mark.textContent = mark;
    const taken = mark ? Card.fitter.width(mark) + 8 : 0;
    parts.text.textContent = Card.fitter.fit(node.label, card.width - 13 - 8 - taken);
    const isScored = node.score !== null && !isRoot;
    parts.rail.classList.toggle("is-hidden", !isScored);
    parts.score.textContent = (node.visits ? `N ${node.visits}  ` : "") + (isScored ? digits(node.score) : "");
    const place = (score) => Card.rail * Math.min(1, Math.max(0, score));
    parts.bar.setAttribute("width", isScored ? Math.max(1, place(node.score)).toFixed(1) : 0);
    const hasThreshold = isScored && typeof node.threshold === "number";
    parts.tick.classList.toggle("is-hidden", !hasThreshold);
    if (hasThreshold) parts.tick.setAttribute("x", (12 + place(node.threshold)).toFixed(1));
    if (this.edge) this.drawEdge(classes);
  }

  drawEdge(classes) {
    const { node } = this;
    const { parent } = node;
    const x1 = parent.x + card.width;
    const y1 = parent.y + card.height / 2;
    const y2 = node.y + card.height / 2;
    const bend = card.gapX / 2;
    this.edge.setAttribute("d", `M${x1} ${y1}C${x1 + bend} ${y1} ${node.x - bend} ${y2} ${node.x} ${y2}`);
    this.edge.setAttribute("class", `edge ${classes.slice(1).join(" ")}`);
  }
}
