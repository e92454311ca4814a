"use strict";
// Draws the tree of a TraceModel as SVG: only the cards near what is to be seen, however many thoughts there are.

/** The tree as SVG, brought up to date after every change, scroll and zoom. */
class TreeView {
  constructor(frame, { onSelect, onFold }) {
    Object.assign(this, { frame, onSelect, onFold });
    this.svg = svg("svg", { class: "tree", role: "group", "aria-label": "The search tree; arrow keys move in it" });
    this.edges = svg("g", { class: "edges" });
    this.cards = svg("g", { class: "cards" });
    this.svg.append(this.edges, this.cards);
    frame.replaceChildren(this.svg);
    this.zoom = 1;
    this.isFollowing = true;
    this.filter = "all";
    this.folded = new Set();
    this.clear();
    this.svg.addEventListener("click", (event) => {
      const element = event.target.closest(".card");
      if (element) this.select(this.model.nodes[Number(element.dataset.id)], true);
    });
    this.svg.addEventListener("dblclick", (event) => {
      const element = event.target.closest(".card");
      if (element) this.fold(this.model.nodes[Number(element.dataset.id)]);
    });
    this.svg.addEventListener("keydown", (event) => this.key(event));
    frame.addEventListener("scroll", () => {
      if (!this.isScrolling) this.isFollowing = false;
      this.paintSoon();
    }, { passive: true });
  }

  clear() {
    this.selected = null;
    this.model = null;
    this.size = null;
    this.places = new Set();
    this.empty();
  }

  empty() {
    this.shown = new Map();
    this.laidOut = "";
    this.edges.replaceChildren();
    this.cards.replaceChildren();
  }

  /** Whether the page is on a phone. */
  get isNarrow() { return innerWidth < 600; }

  draw(model) {
    if (this.model !== model) {
      this.clear();
      this.model = model;
    }
    this.layOut();
    this.resize();
    if (this.isFollowing) this.follow();
    this.paint();
  }

  /** Lays the tree out again if it has other nodes than before, or shows others. */
  layOut() {
    const { model } = this;
    const size = this.isNarrow ? cardSizes.narrow : cardSizes.wide;
    Object.assign(card, size);
    if (this.cardWidth !== size.width) this.empty();
    this.cardWidth = size.width;
    const look = [model.drawn.length, this.filter, [...this.folded], this.filter === "all" ? "" : model.events].join("|");
    if (this.laidOut === look) return;
    this.laidOut = look;
    // A path is known at the end only.
    const isShown = this.filter === "path" && !model.result ? filters.kept : filters[this.filter];
    this.size = layOut(model, isShown, (node) => this.folded.has(node.id));
    this.places = new Set(this.size.columns.flat());
  }

  change(change) {
    change();
    if (!this.model) return;
    this.layOut();
    this.resize();
    this.paint();
  }

  fold(node) {
    if (!node.children.length) return;
    this.change(() => (this.folded.has(node.id) ? this.folded.delete(node.id) : this.folded.add(node.id)));
    this.onFold?.();
  }

  resize() {
    this.svg.setAttribute("viewBox", `0 0 ${this.size.width} ${this.size.height}`);
    this.svg.setAttribute("width", Math.round(this.size.width * this.zoom));
    this.svg.setAttribute("height", Math.round(this.size.height * this.zoom));
  }

  /** Zooms by a factor, or to the whole width for 0; a point of the frame stays where it is. */
  scale(factor, point = { x: this.frame.clientWidth / 2, y: this.frame.clientHeight / 2 }) {
    if (!this.size) return;
    const before = this.zoom;
    const { frame } = this;
    // The whole width fits into no phone, lying or standing; there, as much as can be read does.
    const least = innerWidth < 900 ? 0.8 : 0.12;
    this.zoom = Math.min(2.5, factor === 0
      ? Math.max(least, Math.min(1, (frame.clientWidth - 4) / this.size.width)) : Math.max(0.12, this.zoom * factor));
    if (this.zoom === before) return;
    const ratio = this.zoom / before;
    const [left, top] = [(frame.scrollLeft + point.x) * ratio - point.x, (frame.scrollTop + point.y) * ratio - point.y];
    this.resize();
    this.scroll(left, top);
    this.paintSoon();
  }

  scroll(left, top) {
    this.isScrolling = true;
    this.frame.scrollTo({ left, top, behavior: "instant" });
    requestAnimationFrame(() => { this.isScrolling = false; });
  }

  follow() { this.scroll(this.frame.scrollWidth, this.frame.scrollTop); }

  /** Scrolls as little as it takes to see a node. */
  reveal(node) {
    const { frame, zoom } = this;
    const near = (begin, length, from, room) => (begin < from + 8 ? begin - 8
      : begin + length > from + room - 8 ? Math.min(begin - 8, begin + length + 8 - room) : from);
    this.scroll(near(node.x * zoom, card.width * zoom, frame.scrollLeft, frame.clientWidth),
      near(node.y * zoom, card.height * zoom, frame.scrollTop, frame.clientHeight));
  }

  paintSoon() {
    if (this.isPainting || !this.size) return;
    this.isPainting = true;
    requestAnimationFrame(() => {
      this.isPainting = false;
      if (this.size) this.paint();
    });
  }

  /** The nodes whose card or edge is near what is to be seen, and the one that keyboards need. */
  near() {
    const { frame, zoom, size } = this;
    const [wide, tall] = [frame.clientWidth / zoom, frame.clientHeight / zoom];
    const [left, top] = [frame.scrollLeft / zoom - wide / 4, frame.scrollTop / zoom - tall / 4];
    const [right, bottom] = [left + wide * 1.5, top + tall * 1.5];
    const column = card.width + card.gapX;
    const near = [];
    for (let depth = Math.max(0, Math.floor((left - card.margin) / column)); depth < size.columns.length; depth += 1) {
      if (card.margin + depth * column - card.gapX > right) break;
      for (const node of size.columns[depth]) {
        // Of thoughts out of sight only the edges of those that were gone on with are drawn through what is seen.
        const from = node.onBeam && node.parent ? node.parent.y : node.y;
        if (Math.max(node.y, from) + card.height >= top && Math.min(node.y, from) <= bottom) near.push(node);
      }
    }
    const reached = this.reached;
    if (!near.includes(reached)) near.push(reached);
    return near;
  }

  /** The node that Tab leads to. */
  get reached() { return this.selected && this.places.has(this.selected) ? this.selected : this.model.root; }

  paint() {
    const near = new Set(this.near());
    for (const [id, entry] of this.shown) {
      if (near.has(entry.node)) continue;
      entry.group.remove();
      entry.edge?.remove();
      this.shown.delete(id);
    }
    this.svg.classList.toggle("is-far", this.zoom < 0.42);
    for (const node of near) {
      let entry = this.shown.get(node.id);
      if (!entry) {
        entry = new Card(node);
        this.shown.set(node.id, entry);
        if (entry.edge) this.edges.append(entry.edge);
        this.cards.append(entry.group);
      }
      entry.update(this.model, this);
      entry.group.setAttribute("tabindex", node === this.reached ? "0" : "-1");
    }
  }

  select(node, isChosen) {
    this.selected = node;
    if (this.size && this.places.has(node)) this.paint();
    if (isChosen) this.onSelect(node);
  }

  unselect() {
    if (!this.selected) return;
    this.selected = null;
    this.paintSoon();
  }

  key(event) {
    if (!this.model || event.ctrlKey || event.metaKey || event.altKey) return;
    const node = this.reached;
    const column = this.size.columns[node.depth] ?? [];
    const place = column.indexOf(node);
    const children = this.folded.has(node.id) ? [] : node.children.filter((child) => this.places.has(child));
    const ends = [...this.places];
    const moves = {
      ArrowLeft: () => node.parent,
      ArrowRight: () => children.find((child) => child.isWinner) ?? children.find((child) => child.onBeam) ?? children[0],
      ArrowUp: () => column[place - 1],
      ArrowDown: () => column[place + 1],
      Home: () => this.model.root,
      End: () => ends.findLast((other) => other.isWinner) ?? ends.at(-1),
      Enter: () => node,
      " ": () => node,
    };
    const zooms = { "+": 1.25, "=": 1.25, "-": 0.8, 0: 0 };
    if (Object.hasOwn(zooms, event.key)) this.scale(zooms[event.key]);
    else if (event.key === "f") this.fold(node);
    else if (Object.hasOwn(moves, event.key)) {
      const next = moves[event.key]();
      if (next) this.goTo(next);
    } else return;
    event.preventDefault();
  }

  goTo(node) {
    this.isFollowing = false;
    this.reveal(node);
    this.select(node, true);
    this.shown.get(node.id)?.group.focus({ preventScroll: true });
  }
}
