"use strict";
// The page: what the reader asks, sees and chooses.

/** A number as it was typed: those with more digits than JavaScript's numbers have, such as seeds, go as they stand. */
const numberOf = (text) => (/^-?[1-9]\d*$/.test(text) && !Number.isSafeInteger(Number(text)) && JSON.rawJSON
  ? JSON.rawJSON(text) : Number(text));

/** The page, its form and its parts. */
class Page {
  constructor() {
    this.events = [];
    this.lines = [];
    this.shown = 0;
    this.model = new TraceModel();
    this.tree = new TreeView(this.at("tree"), {
      onSelect: (node) => this.choose(node),
      onFold: () => this.folded(),
    });
    listenForGestures(this.tree);
    this.thought = new ThoughtPanel(this.at("details"));
    this.answer = new AnswerPanel({ answer: this.at("answer"), path: this.at("path-panel"), steps: this.at("path") });
    this.replay = new Replay(
      { bar: this.at("replay"), button: this.at("play"), slider: this.at("scrub"), place: this.at("place") }, this);
    this.kept = new Comparison(this);
    rememberChoices(this);
    listenForFiles(this);
    listenForTools(this);
    this.listen();
    this.filled(false);
    this.begin();
  }

  get trees() { return [this.tree, this.kept.tree]; }

  at(id) { return document.getElementById(id); }

  /** What the page begins with: the traces in it, or the searches that its address names. */
  async begin() {
    const saved = [...document.querySelectorAll(".saved-trace")].map((element) => element.textContent);
    const { search, beside } = address.read();
    if (saved.length) await this.guard(() => this.open(...saved));
    if (search && this.search?.id !== search) this.watch((live) => live.follow(search));
    if (beside && this.kept.run?.search !== beside) await this.attempt(async () => this.kept.keep(await this.fetch(beside)));
  }

  listen() {
    const form = this.at("form");
    form?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask();
    });
    form?.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(this.at("ask"));
    });
    // A browser can only point at what is unfolded.
    form?.addEventListener("invalid", (event) => {
      for (let part = event.target.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
    }, true);
    this.at("key")?.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(address.read().search || address.read().beside)) return;
      event.preventDefault();
      this.begin();
    });
    this.at("stop")?.addEventListener("click", () => this.guard(() => this.search?.stop()));
    addEventListener("hashchange", () => this.begin());
    addEventListener("resize", () => {
      this.soon();
      this.kept.draw();
    });
  }

  /** Work for the reader, who sees why it failed; answers whether it did not. */
  async guard(work) {
    this.fail(null);
    return this.attempt(work);
  }

  /** The same, while an earlier message stays, if there is one. */
  async attempt(work) {
    try {
      await work();
      return true;
    } catch (error) {
      if (error.name === "AbortError") return true;
      // Errors of this page and its server are sentences; all others are for the console.
      const isSentence = error.constructor === Error;
      if (!isSentence) console.warn(error);
      this.fail(isSentence ? error.message : "This page has met something that it cannot show; the browser's console says more.");
      if (!this.events.length && !this.search) this.state("failed");
      if (error.status === 401 && this.at("key-row")) {
        this.at("key-row").hidden = false;
        this.at("key").focus();
      }
      return false;
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
      const readers = { number: numberOf, flag: (text) => text === "true", text: String };
      specsearch[field.name] = readers[field.dataset.setting](field.value);
    }
    return { problem: this.at("problem").value, specsearch };
  }

  async ask() {
    if (this.at("ask").disabled) return;
    this.write({ search: null, node: null, folded: [] });
    await this.watch((search) => search.begin(this.request()));
  }

  /** Shows a search of the server from its first event on, whether it begins now or began long ago. */
  async watch(begin) {
    this.search?.leave();
    this.reset();
    this.tree.isFollowing = true;
    const search = new LiveSearch({
      key: this.at("key").value.trim() || null,
      onBegun: (id) => {
        if (this.search === search) this.write({ search: id });
      },
      onLine: (line) => {
        if (this.search !== search) return;
        const event = readEvent(line);
        this.events.push(event);
        this.lines.push(line);
        if (event.type === "started" && this.events.length === 1) this.asked(event.problem.text);
        this.soon();
      },
      onState: (name) => this.search === search && this.state(name),
    });
    this.search = search;
    this.busy(true);
    this.state("live");
    const isWhole = await this.guard(() => begin(search));
    if (this.search !== search) return;
    if (!isWhole) this.search = null;
    this.busy(false);
    const isShown = await this.finish();
    this.state(isWhole && isShown ? "over" : "failed");
  }

  /** A search of the server from its first event to its last, to be kept beside another. */
  async fetch(id) {
    const run = { events: [], lines: [], search: id };
    const search = new LiveSearch({
      key: this.at("key").value.trim() || null, onBegun() {}, onState() {},
      onLine: (line) => {
        run.events.push(readEvent(line));
        run.lines.push(line);
      },
    });
    await search.follow(id);
    return run;
  }

  /** The question of a search that another page, or this one before a reload, has asked. */
  asked(text) {
    if (this.at("problem").value.trim() !== text.trim()) this.at("problem").value = text;
  }

  /** Offers what can be done during a search, or without one. */
  busy(isBusy) {
    for (const id of ["ask", "keep", "swap"]) if (this.at(id)) this.at(id).disabled = isBusy;
    const stop = this.at("stop");
    if (!stop) return;
    // A button that goes leaves the keyboard where it stood.
    if (document.activeElement === stop && !isBusy) this.at("ask").focus();
    stop.hidden = !isBusy;
  }

  /** All events are there; answers whether they could be shown. */
  async finish() {
    if (!this.events.length) return true;
    this.replay.offer(this.events.length);
    const isShown = await this.attempt(() => {
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
    return isShown;
  }

  /** The run that is shown, as it can be kept. */
  get run() {
    return { events: this.events, lines: this.lines, search: this.at("form") ? address.read().search : null, fault: null };
  }

  /** Opens a trace, and another one beside it. */
  open(text, beside) {
    const [run, other] = [text, beside].filter(isText).map(readTrace);
    if (other) this.kept.keep(other);
    this.present(run);
    this.fail([run, other].map((trace) => trace?.fault).filter(Boolean).join(" ") || null);
  }

  /** Shows a run that is over. */
  present(run) {
    this.search?.leave();
    this.search = null;
    this.busy(false);
    if (this.at("form")) this.write({ search: null, node: null, folded: [] });
    this.reset();
    this.events = run.events;
    this.lines = run.lines;
    this.state("replay");
    this.tree.isFollowing = false;
    const { problem } = this.events[0];
    this.at("question").replaceChildren(new SaidText(problem.text, { lines: 8, width: 100 }).element);
    this.at("question").hidden = problem.text.trim() === "";
    this.finish();
    if (this.tree.selected) return;
    if (innerWidth >= 700) this.tree.scale(0);
    if (this.tree.zoom < 0.9) this.tree.scale(0.9 / this.tree.zoom);
    this.tree.scroll(0, 0);
  }

  // Showing

  reset() {
    this.replay.hide();
    this.events = [];
    this.lines = [];
    this.shown = 0;
    this.model = new TraceModel();
    this.chosen = null;
    this.said = 0;
    this.tree.clear();
    this.tree.folded = new Set(address.read().folded);
    this.answer.clear();
    this.kept.tree.unselect();
    this.showThought(null, this.model, this.tree);
    this.fail(null);
    this.at("question").hidden = true;
    this.filled(false);
    for (const figure of document.querySelectorAll(".charts .picture")) figure.replaceChildren();
  }

  /** Shows what there is something to see in. */
  filled(isFilled) {
    this.at("empty").hidden = isFilled;
    for (const part of document.querySelectorAll(".figures, .thought-panel, .tree-panel :is(.tools, .legend, .canvas)")) part.hidden = !isFilled;
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
    if (!this.kept.tree.selected) this.thought.show(chosen, model, this.tree);
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
    this.kept.compare();
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
    const judged = model.drawn.filter((node) => ["accepted", "surplus", "rejected", "salvaged"].includes(node.state));
    const kept = judged.filter((node) => node.state !== "rejected" && node.state !== "salvaged").length;
    this.at("progress").textContent = model.result
      ? `The answer is ${model.result.answer ?? "missing"}.`
      : `Step ${model.maxDepth}: ${kept} of ${judged.length} drafts accepted.`;
  }

  // Choosing

  choose(node) {
    this.chosen = node.id;
    this.kept.tree.unselect();
    this.showThought(node, this.model, this.tree);
    this.write({ node: node.id });
  }

  chooseKept(node) {
    this.chosen = null;
    this.tree.unselect();
    this.showThought(node, this.kept.model, this.kept.tree);
  }

  showThought(node, model, tree) {
    this.at("details-title").textContent = tree === this.tree ? "Thought" : "Thought of the kept run";
    this.thought.show(node, model, tree);
  }

  folded() {
    if (this.tree.selected) this.showThought(this.tree.selected, this.model, this.tree);
    this.write({ folded: [...this.tree.folded] });
  }

  write(change) { address.write({ ...address.read(), ...change }); }
}

document.addEventListener("DOMContentLoaded", () => { window.page = new Page(); });
