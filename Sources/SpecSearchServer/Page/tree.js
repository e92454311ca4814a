"use strict";
// Draws the tree of a TraceModel as SVG. All text goes in as text, never as markup.

const svgNames = "http://www.w3.org/2000/svg";
const svg = (name, attributes = {}, text) => {
  const element = document.createElementNS(svgNames, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
};
const html = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};
const digits = (value, count = 3) => (typeof value === "number" ? value.toFixed(count) : "–");
const marks = {
  sampled: "", accepted: "✓", surplus: "+", rejected: "✕", correction: "↻", duplicate: "=", unusable: "–",
};
const clipped = (text, length) => {
  const symbols = [...text];
  return symbols.length > length ? symbols.slice(0, length - 1).join("") + "…" : text;
};

/** A sentence about a thought. */
function describe(node) {
  if (!node.parent) return "The problem";
  const parts = [`Step ${node.depth}`, `by the ${node.source}`, stateNames[node.state]];
  if (node.score !== null) parts.push(`score ${digits(node.score)}`);
  if (typeof node.threshold === "number") parts.push(`threshold ${digits(node.threshold)}`);
  if (node.visits) parts.push(`visits ${node.visits}`);
  if (node.isWinner) parts.push("on the winning path");
  return `${parts.join(", ")}: ${node.key}`;
}

/** The tree as SVG, drawn again in place after every change. */
class TreeView {
  constructor(frame, onSelect) {
    this.frame = frame;
    this.onSelect = onSelect;
    this.svg = svg("svg", { class: "tree", role: "group", "aria-label": "The search tree; arrow keys move in it" });
    this.edges = svg("g", { class: "edges" });
    this.cards = svg("g", { class: "cards" });
    this.svg.append(this.edges, this.cards);
    frame.replaceChildren(this.svg);
    this.zoom = 1;
    this.isFollowing = true;
    this.clear();
    this.svg.addEventListener("click", (event) => {
      const element = event.target.closest(".card");
      if (element) this.select(this.byID.get(Number(element.dataset.id)).node, true);
    });
    this.svg.addEventListener("keydown", (event) => this.key(event));
    frame.addEventListener("scroll", () => { if (!this.isScrolling) this.isFollowing = false; }, { passive: true });
  }

  clear() {
    this.byID = new Map();
    this.selected = null;
    this.model = null;
    this.edges.replaceChildren();
    this.cards.replaceChildren();
  }

  draw(model) {
    if (this.model !== model) {
      this.clear();
      this.model = model;
    }
    this.size = layOut(model);
    for (const node of model.drawn) {
      let entry = this.byID.get(node.id);
      if (!entry) {
        entry = this.make(node);
        this.byID.set(node.id, entry);
      }
      this.update(entry);
    }
    if (!this.selected) this.focusable(model.root);
    this.resize();
    if (this.isFollowing) this.follow();
  }

  resize() {
    this.svg.setAttribute("viewBox", `0 0 ${this.size.width} ${this.size.height}`);
    this.svg.setAttribute("width", Math.round(this.size.width * this.zoom));
    this.svg.setAttribute("height", Math.round(this.size.height * this.zoom));
  }

  scale(factor) {
    this.zoom = Math.min(2, Math.max(0.15, factor === 0
      ? Math.min(1, (this.frame.clientWidth - 4) / this.size.width) : this.zoom * factor));
    this.resize();
  }

  follow() {
    this.isScrolling = true;
    this.frame.scrollLeft = this.frame.scrollWidth;
    requestAnimationFrame(() => { this.isScrolling = false; });
  }

  make(node) {
    const group = svg("g", { class: "card", tabindex: "-1", role: "button" });
    group.dataset.id = node.id;
    const parts = {
      box: svg("rect", { class: "box", width: card.width, height: card.height, rx: 7 }),
      source: svg("rect", { class: "source", x: 0, y: 0, width: 5, height: card.height, rx: 2.5 }),
      text: svg("text", { class: "text", x: 13, y: 15 }),
      mark: svg("text", { class: "mark", x: card.width - 8, y: 15, "text-anchor": "end" }),
      rail: svg("rect", { class: "rail", x: 13, y: 23, width: 112, height: 4, rx: 2 }),
      bar: svg("rect", { class: "bar", x: 13, y: 23, width: 0, height: 4, rx: 2 }),
      tick: svg("rect", { class: "tick", y: 20.5, width: 2, height: 9 }),
      score: svg("text", { class: "score", x: card.width - 8, y: 28.5, "text-anchor": "end" }),
      title: svg("title"),
    };
    group.append(...Object.values(parts));
    this.cards.append(group);
    const edge = node.parent ? svg("path", { class: "edge" }) : null;
    if (edge) this.edges.append(edge);
    return { node, group, edge, ...parts };
  }

  update(entry) {
    const { node } = entry;
    const isRoot = !node.parent;
    const classes = ["card", `is-${node.state}`, `by-${node.source ?? "nobody"}`];
    if (node.onBeam) classes.push("on-beam");
    if (node.isWinner && this.model.result) classes.push("is-winner");
    if (node === this.selected) classes.push("is-selected");
    if (node.iteration === this.model.iteration && !this.model.result) classes.push("is-walked");
    const label = isRoot ? "The problem" : clipped(node.key, 25);
    const look = [classes.join(" "), node.x, node.y, label, node.score, node.threshold, node.samples, node.visits].join("|");
    if (entry.look === look) return;
    entry.look = look;
    entry.group.setAttribute("class", classes.join(" "));
    entry.group.setAttribute("transform", `translate(${node.x} ${node.y})`);
    entry.group.setAttribute("aria-label", describe(node));
    entry.title.textContent = isRoot ? this.model.started?.problem.text ?? "" : node.key;
    entry.text.textContent = label;
    if (isRoot) entry.text.setAttribute("y", 21);
    entry.mark.textContent = isRoot ? "" : marks[node.state] + (node.samples > 1 ? ` ×${node.samples}` : "");
    const isScored = node.score !== null && !isRoot;
    entry.rail.classList.toggle("is-hidden", !isScored);
    entry.score.textContent = (node.visits ? `N ${node.visits}  ` : "") + (isScored ? digits(node.score) : "");
    entry.bar.setAttribute("width", isScored ? Math.max(1, 112 * node.score).toFixed(1) : 0);
    const hasThreshold = isScored && typeof node.threshold === "number";
    entry.tick.classList.toggle("is-hidden", !hasThreshold);
    if (hasThreshold) entry.tick.setAttribute("x", (12 + 112 * Math.min(1, node.threshold)).toFixed(1));
    if (entry.edge) {
      const { parent } = node;
      const x1 = parent.x + card.width;
      const y1 = parent.y + card.height / 2;
      const y2 = node.y + card.height / 2;
      const bend = card.gapX / 2;
      entry.edge.setAttribute(
        "d", `M${x1} ${y1}C${x1 + bend} ${y1} ${node.x - bend} ${y2} ${node.x} ${y2}`);
      entry.edge.setAttribute("class", `edge ${classes.slice(1).join(" ")}`);
    }
  }

  focusable(node) {
    for (const element of this.cards.querySelectorAll('[tabindex="0"]')) element.setAttribute("tabindex", "-1");
    this.byID.get(node.id)?.group.setAttribute("tabindex", "0");
  }

  select(node, isChosen) {
    const before = this.selected;
    this.selected = node;
    if (before) this.update(this.byID.get(before.id));
    const entry = this.byID.get(node.id);
    this.update(entry);
    this.focusable(node);
    if (isChosen) this.onSelect(node);
  }

  key(event) {
    const node = this.selected ?? this.model?.root;
    if (!node) return;
    const column = this.model.drawn.filter((other) => other.depth === node.depth).sort((a, b) => a.row - b.row);
    const place = column.indexOf(node);
    const { children } = node;
    const moves = {
      ArrowLeft: node.parent,
      ArrowRight: children.find((child) => child.isWinner) ?? children.find((child) => child.onBeam) ?? children[0],
      ArrowUp: column[place - 1],
      ArrowDown: column[place + 1],
      Home: this.model.root,
      End: this.model.drawn.findLast((other) => other.isWinner) ?? this.model.drawn.at(-1),
      Enter: node,
      " ": node,
    };
    if (!Object.hasOwn(moves, event.key)) return;
    event.preventDefault();
    const next = moves[event.key];
    if (!next) return;
    this.isFollowing = false;
    this.select(next, true);
    this.byID.get(next.id).group.focus({ preventScroll: false });
  }
}
