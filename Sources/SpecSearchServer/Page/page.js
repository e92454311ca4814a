"use strict";
// The page: what the reader asks, sees and chooses.

/** The page, its form and its parts. */
class Page {
  constructor() {
    this.tree = new TreeView(this.at("tree"), (node) => this.showThought(node));
    this.events = [];
    this.model = new TraceModel();
    this.isDrawing = false;
    this.listen();
    this.filled(false);
    const saved = this.at("saved-trace");
    if (saved) this.guard(() => this.open(saved.textContent));
  }

  at(id) { return document.getElementById(id); }

  listen() {
    this.at("form")?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask();
    });
    this.at("stop")?.addEventListener("click", () => this.search?.stop());
    this.at("save")?.addEventListener("click", () => this.save());
    this.at("file")?.addEventListener("change", async (event) => {
      const [file] = event.target.files;
      if (file) this.guard(async () => this.open(await file.text()));
      event.target.value = "";
    });
    addEventListener("resize", () => this.soon());
    this.at("theme").addEventListener("click", () => this.switchTheme());
    this.at("zoom-in").addEventListener("click", () => this.tree.size && this.tree.scale(1.25));
    this.at("zoom-out").addEventListener("click", () => this.tree.size && this.tree.scale(0.8));
    this.at("zoom-fit").addEventListener("click", () => this.tree.size && this.tree.scale(0));
    this.at("scrub").addEventListener("input", (event) => {
      this.pause();
      this.show(Number(event.target.value));
    });
    this.at("play").addEventListener("click", () => (this.timer ? this.pause() : this.play()));
  }

  switchTheme() {
    const root = document.documentElement;
    const isDark = root.dataset.theme
      ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
  }

  async guard(work) {
    this.at("error").hidden = true;
    try {
      await work();
    } catch (error) {
      this.at("error").textContent = error.message;
      this.at("error").hidden = false;
      this.state("failed");
      if (error.status === 401) {
        this.at("key-row").hidden = false;
        this.at("key").focus();
      }
    }
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
    this.search?.leave();
    this.reset();
    this.tree.isFollowing = true;
    const search = new LiveSearch({
      key: this.at("key").value || null,
      onLine: (line) => {
        if (this.search !== search) return;
        this.events.push(JSON.parse(line));
        this.soon();
      },
      onState: (name) => this.search === search && this.state(name),
    });
    this.search = search;
    this.at("ask").disabled = true;
    this.at("stop").hidden = false;
    this.state("live");
    await this.guard(() => search.begin(this.request()));
    if (this.search !== search) return;
    this.at("ask").disabled = false;
    this.at("stop").hidden = true;
    if (search.isOver && this.at("error").hidden) this.state("over");
    this.over();
  }

  over() {
    this.show(this.events.length);
    if (!this.events.length) return;
    this.at("replay").hidden = false;
    this.at("scrub").max = this.events.length;
    this.at("scrub").value = this.events.length;
    if (this.at("save")) this.at("save").hidden = false;
  }

  open(text) {
    const events = readTrace(text);
    this.search?.leave();
    this.search = null;
    this.reset();
    this.events = events;
    this.state("replay");
    this.tree.isFollowing = false;
    this.over();
    const problem = this.model.started?.problem.text ?? "";
    this.at("question").textContent = problem;
    this.at("question").hidden = problem === "";
    if (innerWidth >= 700) this.tree.scale(0);
    if (this.tree.zoom < 0.8) this.tree.scale(0.8 / this.tree.zoom);
    this.at("tree").scrollLeft = 0;
  }

  save() {
    const text = this.events.map((event) => JSON.stringify(event)).join("\n") + "\n";
    const link = html("a", { download: "trace.jsonl" });
    link.href = URL.createObjectURL(new Blob([text], { type: "application/x-ndjson" }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  // Showing

  reset() {
    this.pause();
    this.events = [];
    this.shown = 0;
    this.model = new TraceModel();
    this.chosen = null;
    this.said = 0;
    this.tree.clear();
    for (const id of ["answer", "replay", "path-panel", "error", "question"]) this.at(id).hidden = true;
    if (this.at("save")) this.at("save").hidden = true;
    this.filled(false);
    this.details(null);
    for (const figure of document.querySelectorAll(".charts .picture")) figure.replaceChildren();
  }

  /** Shows what there is something to see in. */
  filled(isFilled) {
    this.at("empty").hidden = isFilled;
    for (const part of document.querySelectorAll(".charts, .thought-panel, .zoom, .legend, .canvas")) {
      part.hidden = !isFilled;
    }
  }

  soon() {
    if (this.isDrawing) return;
    this.isDrawing = true;
    requestAnimationFrame(() => {
      this.isDrawing = false;
      this.show(this.search && !this.search.isOver ? this.events.length : this.shown ?? 0);
    });
  }

  show(count) {
    if (count < this.shown) {
      this.model = new TraceModel();
      this.shown = 0;
    }
    for (; this.shown < count; this.shown += 1) this.model.take(this.events[this.shown]);
    const { model } = this;
    this.filled(count > 0);
    this.at("visits").hidden = model.iteration === null;
    if (!count) return;
    this.tree.draw(model);
    // The chosen thought stays chosen in an earlier or later tree, where it is there at all.
    const chosen = this.tree.byID.get(this.chosen)?.node;
    if (chosen && !this.tree.selected) this.tree.select(chosen, false);
    this.details(chosen);
    drawScores(this.at("scores"), model);
    drawTimeline(this.at("timeline"), model);
    drawCosts(this.at("costs"), model);
    this.showAnswer();
    this.say();
    this.at("scrub").value = count;
    this.at("place").textContent = `${count} / ${this.events.length}`;
  }

  play() {
    if (this.shown >= this.events.length) this.show(0);
    this.tree.isFollowing = true;
    this.at("play").textContent = "❚❚";
    this.at("play").setAttribute("aria-label", "Pause");
    this.timer = setInterval(() => {
      if (this.shown >= this.events.length) this.pause();
      else this.show(this.shown + 1);
    }, Math.max(30, Math.min(220, 12000 / this.events.length)));
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.at("play").textContent = "▶";
    this.at("play").setAttribute("aria-label", "Play");
  }

  /** Says to a screen reader how far the search is, not more than it can read. */
  say() {
    const { model } = this;
    const now = performance.now();
    if (!model.result && now - this.said < 3000) return;
    this.said = now;
    const judged = model.nodes.filter((node) => ["accepted", "surplus", "rejected"].includes(node.state));
    const kept = judged.filter((node) => node.state !== "rejected").length;
    this.at("progress").textContent = model.result
      ? `The answer is ${model.result.answer ?? "missing"}.`
      : `Step ${model.maxDepth}: ${kept} of ${judged.length} drafts accepted.`;
  }

  showAnswer() {
    const { result } = this.model;
    const panel = this.at("answer");
    panel.hidden = !result;
    this.at("path-panel").hidden = !result;
    if (!result) return;
    const kept = result.acceptance.judged ? result.acceptance.kept / result.acceptance.judged : null;
    const facts = [
      ["score", digits(result.best.score)], ["time", seconds(result.seconds)],
      ["drafts kept", kept === null ? "–" : `${(100 * kept).toFixed(0)} %`],
      ["regenerated", thousands(result.acceptance.corrections)], ["end", result.end],
    ];
    if (this.model.iteration !== null) {
      const policy = this.model.configuration.tree_policy;
      facts.push(["iterations", `${this.model.iteration + 1}${policy ? `, ${policy}` : ""}`]);
    }
    const list = html("dl", {}, ...facts.map(([name, value]) => html("div", {}, html("dt", {}, name), html("dd", {}, value))));
    panel.replaceChildren(
      html("p", { class: "final" }, html("span", {}, "Answer"), html("strong", {}, result.answer ?? "none found")), list);
    this.at("path").replaceChildren(...this.model.path(this.model.node(result.best.node)).map((step) => html("li", { class: `by-${step.source}` },
      html("span", { class: "who" }, step.source), html("span", { class: "what" }, step.text.trim() || step.key),
      html("span", { class: "how" }, digits(step.score)
        + (typeof step.threshold === "number" ? ` ${step.score >= step.threshold ? "≥" : "<"} ${digits(step.threshold)}` : "")))));
  }

  showThought(node) {
    this.chosen = node.id;
    this.details(node);
  }

  details(node) {
    const panel = this.at("details");
    if (!node) {
      panel.replaceChildren(html("p", { class: "empty" }, "Choose a thought in the tree."));
      delete panel.dataset.look;
      return;
    }
    const look = [node.id, node.score, node.state, node.samples, node.isWinner, this.model.events].join("|");
    if (panel.dataset.look === look) return;
    panel.dataset.look = look;
    if (!node.parent) {
      panel.replaceChildren(html("p", { class: "thought" }, this.model.started?.problem.text ?? ""));
      return;
    }
    const path = this.model.path(node);
    const rows = [
      ["source", roleNames[node.source]], ["state", stateNames[node.state] + (node.isWinner ? "; on the winning path" : "")],
      ["score", digits(node.score, 4)], ["threshold", digits(node.threshold, 4)],
      ["scores so far", path.map((step) => digits(step.score)).join(" → ")],
      ["tokens", `${node.tokens}`], ["sampled", `${node.samples} time${node.samples > 1 ? "s" : ""}`],
    ];
    if (node.lookahead) rows.push(["lookahead", node.lookahead.map((score) => digits(score)).join(" → ")]);
    if (node.visits) rows.push(["visits", `${node.visits}`], ["mean value", digits(node.total / node.visits, 4)]);
    panel.replaceChildren(
      html("p", { class: `thought by-${node.source}` }, node.text.trim() || node.key),
      html("dl", {}, ...rows.map(([name, value]) => html("div", {}, html("dt", {}, name), html("dd", {}, value)))));
  }
}

document.addEventListener("DOMContentLoaded", () => { window.page = new Page(); });
