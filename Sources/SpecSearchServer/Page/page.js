"use strict";
// The page: what the reader asks, sees and chooses.

/** The page, its form and its parts. */
class Page {
  constructor() {
    this.events = [];
    this.shown = 0;
    this.model = new TraceModel();
    this.tree = new TreeView(this.at("tree"), {
      onSelect: (node) => this.choose(node),
      onFold: () => this.folded(),
    });
    listenForGestures(this.tree);
    this.thought = new ThoughtPanel(this.at("details"), (node) => this.tree.fold(node));
    this.answer = new AnswerPanel({ answer: this.at("answer"), path: this.at("path-panel"), steps: this.at("path") });
    this.replay = new Replay(
      { bar: this.at("replay"), button: this.at("play"), slider: this.at("scrub"), place: this.at("place") }, this);
    this.remember();
    this.listen();
    this.filled(false);
    this.begin();
  }

  at(id) { return document.getElementById(id); }

  /** What the page begins with: the trace in it, or the search that its address names. */
  begin() {
    const saved = this.at("saved-trace");
    const { search } = address.read();
    if (saved) this.guard(() => this.open(saved.textContent));
    else if (search) this.watch((live) => live.follow(search));
  }

  listen() {
    this.at("form")?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask();
    });
    this.at("form")?.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.at("form").requestSubmit(this.at("ask"));
    });
    this.at("key")?.addEventListener("keydown", (event) => {
      const { search } = address.read();
      if (event.key !== "Enter" || !search) return;
      event.preventDefault();
      this.watch((live) => live.follow(search));
    });
    this.at("stop")?.addEventListener("click", () => this.guard(() => this.search?.stop()));
    this.at("file")?.addEventListener("change", async (event) => {
      const [file] = event.target.files;
      if (file) await this.guard(async () => this.open(await file.text()));
      event.target.value = "";
    });
    addEventListener("resize", () => this.soon());
    const zooms = { "zoom-in": 1.25, "zoom-out": 0.8, "zoom-fit": 0 };
    for (const [id, factor] of Object.entries(zooms)) this.at(id).addEventListener("click", () => this.tree.scale(factor));
    const files = {
      "save-svg": () => saveFile("tree.svg", "image/svg+xml", treeAsSVG(this.tree)),
      "save-json": () => saveFile("tree.json", "application/json", treeAsJSON(this.model)),
      save: () => saveFile("trace.jsonl", "application/x-ndjson", `${this.events.map((event) => JSON.stringify(event)).join("\n")}\n`),
    };
    for (const [id, save] of Object.entries(files)) this.at(id).addEventListener("click", () => this.guard(save));
    const menu = document.querySelector(".menu");
    addEventListener("click", (event) => menu.contains(event.target) || (menu.open = false));
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
    this.at("copy-link").replaceWith(Object.assign(copyButton("Copy the link", () => location.href), { id: "copy-link" }));
    this.at("copy-link").hidden = !this.at("form");
  }

  /** Takes up the choices of an earlier visit, and remembers those of this one. */
  remember() {
    const root = document.documentElement;
    const theme = memory.read("theme");
    if (["light", "dark"].includes(theme)) root.dataset.theme = theme;
    this.at("theme").addEventListener("click", () => {
      const isDark = root.dataset.theme
        ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = isDark ? "light" : "dark";
      memory.write("theme", root.dataset.theme);
    });
    const filter = memory.read("filter");
    if (Object.hasOwn(filters, filter ?? "")) this.tree.filter = filter;
    this.at("filter").value = this.tree.filter;
    this.at("filter").addEventListener("change", (event) => {
      this.tree.change(() => { this.tree.filter = event.target.value; });
      memory.write("filter", event.target.value);
    });
    for (const part of document.querySelectorAll("details[data-remember]")) {
      const name = `open.${part.dataset.remember}`;
      const isOpen = memory.read(name);
      if (isOpen !== null) part.open = isOpen === "true";
      part.addEventListener("toggle", () => {
        memory.write(name, String(part.open));
        this.drawFigures();
      });
    }
  }

  /** Work for the reader, who sees why it failed. */
  async guard(work) {
    this.fail(null);
    await this.attempt(work);
  }

  /** The same, while an earlier message stays, if there is one. */
  async attempt(work) {
    try {
      await work();
    } catch (error) {
      if (error.name === "AbortError") return;
      // Errors of this page and its server are sentences; all others are for the console.
      const isSentence = error.constructor === Error;
      if (!isSentence) console.warn(error);
      this.fail(isSentence ? error.message : "This page has met something that it cannot show; the browser's console says more.");
      this.state("failed");
      if (error.status === 401 && this.at("key-row")) {
        this.at("key-row").hidden = false;
        this.at("key").focus();
      }
    }
  }

  fail(message) {
    this.at("error").textContent = message ?? "";
    this.at("error").hidden = message === null;
  }

  state(name) {
    const words = {
      idle: "ready", live: "searching", reconnecting: "connection lost, trying again", over: "done",
      failed: "failed", replay: "replay",
    };
    this.at("state").dataset.state = name;
    this.at("state").textContent = words[name];
  }

  // Asking

  /** The question, with those settings that are not left to the server. */
  request() {
    const specsearch = {};
    for (const field of document.querySelectorAll("[data-setting]")) {
      if (field.value === "") continue;
      const readers = { number: Number, flag: (text) => text === "true", text: String };
      specsearch[field.name] = readers[field.dataset.setting](field.value);
    }
    return { problem: this.at("problem").value, specsearch };
  }

  async ask() {
    if (this.at("ask").disabled) return;
    address.write({});
    await this.watch((search) => search.begin(this.request()));
  }

  /** Shows a search of the server from its first event on, whether it begins now or began long ago. */
  async watch(begin) {
    this.search?.leave();
    this.reset();
    this.tree.isFollowing = true;
    const search = new LiveSearch({
      key: this.at("key").value || null,
      onBegun: (id) => {
        if (this.search === search) this.write({ search: id });
      },
      onLine: (line) => {
        if (this.search !== search) return;
        const event = readEvent(line);
        this.events.push(event);
        if (event.type === "started" && this.events.length === 1) this.asked(event.problem.text);
        this.soon();
      },
      onState: (name) => this.search === search && this.state(name),
    });
    this.search = search;
    this.at("ask").disabled = true;
    this.at("stop").hidden = false;
    this.state("live");
    await this.guard(() => begin(search));
    if (this.search !== search) return;
    this.at("ask").disabled = false;
    this.at("stop").hidden = true;
    if (search.isOver && this.at("error").hidden) this.state("over");
    await this.finish();
  }

  /** The question of a search that another page, or this one before a reload, has asked. */
  asked(text) {
    if (this.at("problem").value.trim() !== text.trim()) this.at("problem").value = text;
  }

  /** All events are there. */
  async finish() {
    if (!this.events.length) return;
    this.replay.offer(this.events.length);
    await this.attempt(() => {
      this.show(this.events.length);
      this.drawFigures();
    });
    const { node } = address.read();
    const chosen = node === null ? null : this.model.nodes[node];
    if (chosen && this.tree.places.has(chosen)) {
      this.tree.isFollowing = false;
      this.tree.reveal(chosen);
      this.tree.select(chosen, true);
    }
  }

  open(text) {
    const { events, fault } = readTrace(text);
    this.search?.leave();
    this.search = null;
    if (this.at("stop")) {
      this.at("ask").disabled = false;
      this.at("stop").hidden = true;
    }
    this.reset();
    if (this.at("form")) address.write({});
    this.events = events;
    this.state("replay");
    this.tree.isFollowing = false;
    const { problem } = events[0];
    this.at("question").replaceChildren(...renderMarkdown(problem.text));
    this.at("question").hidden = problem.text.trim() === "";
    this.finish();
    if (!this.tree.selected) {
      if (innerWidth >= 700) this.tree.scale(0);
      if (this.tree.zoom < 0.9) this.tree.scale(0.9 / this.tree.zoom);
      this.tree.scroll(0, 0);
    }
    this.fail(fault);
  }

  // Showing

  reset() {
    this.replay.hide();
    this.events = [];
    this.shown = 0;
    this.model = new TraceModel();
    this.chosen = null;
    this.said = 0;
    this.tree.clear();
    this.tree.folded = new Set(address.read().folded);
    this.answer.clear();
    this.thought.clear();
    this.fail(null);
    this.at("question").hidden = true;
    this.filled(false);
    for (const figure of document.querySelectorAll(".charts .picture")) figure.replaceChildren();
  }

  /** Shows what there is something to see in. */
  filled(isFilled) {
    this.at("empty").hidden = isFilled;
    for (const part of document.querySelectorAll(".figures, .thought-panel, .tools, .legend, .canvas")) part.hidden = !isFilled;
  }

  soon() {
    if (this.isDrawing) return;
    this.isDrawing = true;
    requestAnimationFrame(() => {
      this.isDrawing = false;
      this.attempt(() => this.show(this.search && !this.search.isOver ? this.events.length : this.shown));
    });
  }

  show(count) {
    if (count < this.shown) {
      this.model = new TraceModel();
      this.shown = 0;
    }
    for (; this.shown < count; this.shown += 1) this.take(this.events[this.shown]);
    const { model } = this;
    this.filled(count > 0);
    this.at("visits").hidden = model.iteration === null;
    this.replay.at(count, this.events.length);
    if (!count) return;
    this.tree.draw(model);
    // The chosen thought stays chosen in an earlier or later tree, where it is there at all.
    const chosen = this.chosen === null ? null : model.nodes[this.chosen];
    if (chosen && this.tree.selected !== chosen) this.tree.select(chosen, false);
    this.thought.show(chosen, model, this.tree.folded.has(this.chosen));
    this.answer.show(model);
    this.figuresSoon();
    this.say();
  }

  take(event) {
    try {
      this.model.take(event);
    } catch (error) {
      throw new Error(`Event ${this.shown + 1} of the search is damaged: ${error.message}.`);
    }
  }

  /** Figures need not follow every event. */
  figuresSoon() {
    if (this.figureTimer) return;
    this.figureTimer = setTimeout(() => this.drawFigures(), this.replay.timer || this.isLive ? 400 : 50);
  }

  get isLive() { return this.search && !this.search.isOver; }

  drawFigures() {
    clearTimeout(this.figureTimer);
    this.figureTimer = null;
    if (!this.shown || !this.at("figures").open) return;
    this.at("scores").hidden = !this.model.isScored;
    drawScores(this.at("scores"), this.model);
    drawTimeline(this.at("timeline"), this.model);
    drawCosts(this.at("costs"), this.model);
  }

  /** Says to a screen reader how far the search is, not more than it can read. */
  say() {
    const { model } = this;
    const now = performance.now();
    if (!model.result && now - this.said < 3000) return;
    this.said = now;
    const judged = model.drawn.filter((node) => ["accepted", "surplus", "rejected"].includes(node.state));
    const kept = judged.filter((node) => node.state !== "rejected").length;
    this.at("progress").textContent = model.result
      ? `The answer is ${model.result.answer ?? "missing"}.`
      : `Step ${model.maxDepth}: ${kept} of ${judged.length} drafts accepted.`;
  }

  // Choosing

  choose(node) {
    this.chosen = node.id;
    this.thought.show(node, this.model, this.tree.folded.has(node.id));
    this.write({ node: node.id });
  }

  folded() {
    this.thought.show(this.tree.selected, this.model, this.tree.folded.has(this.chosen));
    this.write({ folded: [...this.tree.folded] });
  }

  write(change) { address.write({ ...address.read(), ...change }); }
}

document.addEventListener("DOMContentLoaded", () => { window.page = new Page(); });
