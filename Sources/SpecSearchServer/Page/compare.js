"use strict";
// Two runs side by side: one is kept, and what is asked or opened next stands beside it.

/** Names and values by which two runs are compared: what came out, what it cost, and how it was searched. */
function comparable(model) {
  const { result, started } = model;
  const outcome = [["answer", result ? result.answer ?? "none" : "not finished"]];
  if (result) outcome.push(["steps", `${model.path(model.node(result.best.node)).length}`], ...accountOf(model));
  outcome.push(["thoughts", thousands(model.drawn.length - 1)]);
  for (const role of roles) {
    if (model.usage[role]) outcome.push([`tokens, ${roleNames[role]}`, thousands(model.usage[role].evaluatedTokens)]);
  }
  const settings = { models: started?.models, ...model.configuration, ...(isObject(started?.sampling) ? started.sampling : {}) };
  const words = (value) => (isText(value) ? value : JSON.stringify(value) ?? "");
  return {
    outcome: new Map(outcome),
    settings: new Map(Object.entries(settings).map(([name, value]) => [name.replaceAll("_", " "), words(value)])),
  };
}

/** The rows of a table of two runs: all that came out, and the settings that differ. */
function comparison(shown, kept) {
  const rows = [];
  const [a, b] = [shown, kept].map(comparable);
  for (const part of ["outcome", "settings"]) {
    for (const name of new Set([...a[part].keys(), ...b[part].keys()])) {
      const [here, there] = [a[part].get(name) ?? "–", b[part].get(name) ?? "–"];
      if (part === "outcome" || here !== there) rows.push({ name, here, there, differs: here !== there });
    }
  }
  return rows;
}

/** The kept run: its tree, its answer and its path beside those of the run that is shown. */
class Comparison {
  constructor(page) {
    this.page = page;
    this.run = null;
    this.tree = new TreeView(page.at("kept-tree"), {
      onSelect: (node) => page.chooseKept(node), onFold: () => this.tree.selected && page.chooseKept(this.tree.selected),
    });
    this.tree.isFollowing = false;
    listenForGestures(this.tree);
    this.answer = new AnswerPanel(
      { answer: page.at("kept-answer"), path: page.at("kept-path-panel"), steps: page.at("kept-path") });
    page.at("keep").addEventListener("click", () => {
      this.keep(page.run);
      page.at("progress").textContent = "This run is kept; the next one will stand beside it.";
    });
    page.at("forget").addEventListener("click", () => {
      this.keep(null);
      page.at("keep").focus();
    });
    page.at("swap").addEventListener("click", () => this.swap());
  }

  /** Keeps a run beside the one that is shown, or none. */
  keep(run) {
    const model = new TraceModel();
    try {
      for (const event of run?.events ?? []) model.take(event);
    } catch (error) {
      throw new Error(`The run to be kept is damaged: ${error.message}.`);
    }
    this.run = run;
    this.model = model;
    this.tree.clear();
    this.tree.folded = new Set();
    this.answer.clear();
    this.page.at("kept").hidden = !run;
    this.page.at("difference").hidden = !run;
    document.querySelector(".stage").classList.toggle("is-compared", Boolean(run));
    this.page.write({ beside: run?.search ?? null });
    this.page.showThought(this.page.tree.selected, this.page.model, this.page.tree);
    const question = model.started?.problem.text ?? "";
    this.page.at("kept-question").replaceChildren(new SaidText(question, { lines: 3, width: 80 }).element);
    this.draw();
    this.compare();
    this.page.soon();
    if (run) this.tree.scroll(0, 0);
  }

  swap() {
    const { page, run } = this;
    const shown = page.run;
    page.write({ node: null, folded: [] });
    page.present(run);
    this.keep(shown);
    page.write({ search: run.search });
  }

  /** Draws the kept run again, in the room that there is. */
  draw() {
    if (!this.run) return;
    this.tree.draw(this.model);
    this.answer.show(this.model);
  }

  /** Compares it with the run that is shown. */
  compare() {
    const { page, run, model } = this;
    if (!run) return;
    const cell = (text) => html("td", {}, readable(text.length > 200 ? `${text.slice(0, 200)}…` : text));
    page.at("difference-rows").replaceChildren(...comparison(page.model, model).map(({ name, here, there, differs }) => html(
      "tr", { class: differs ? "differs" : "same" }, html("th", { scope: "row" }, name), cell(here), cell(there))));
    const question = (of) => of.started?.problem.text.trim();
    page.at("kept-question").hidden = !question(page.model) || question(page.model) === question(model);
  }
}
