"use strict";
// What stands beside the tree in words: one thought, the answer, and the path that led to it.

/** A button that says for a moment that it has done its work. */
function copyButton(name, text) {
  const button = html("button", { type: "button", class: "small" }, name);
  button.addEventListener("click", async () => {
    button.textContent = (await copyText(text())) ? "Copied" : "Not copied: the browser forbids it";
    setTimeout(() => { button.textContent = name; }, 1500);
  });
  return button;
}

const scoreAndThreshold = (node) => digits(node.score)
  + (node.score !== null && typeof node.threshold === "number"
    ? ` ${node.score >= node.threshold ? "≥" : "<"} ${digits(node.threshold)}` : "");

/** The chosen thought. Its text stays as it is, unfolded or not, while its numbers change. */
class ThoughtPanel {
  constructor(element) {
    this.element = element;
    this.clear();
  }

  clear() {
    this.node = null;
    this.look = null;
    this.element.replaceChildren(html("p", { class: "empty" }, "Choose a thought in the tree."));
  }

  show(node, model, tree) {
    this.tree = tree;
    if (!node) {
      if (this.node) this.clear();
      return;
    }
    const isFolded = tree.folded.has(node.id);
    const look = [node.score, node.threshold, node.state, node.samples, node.isWinner, node.visits, node.children.length > 0,
      node.lookahead?.length, isFolded].join("|");
    if (this.node === node && this.look === look) return;
    if (this.node !== node) {
      const text = node.parent ? node.text : model.started?.problem.text ?? "";
      this.said = new SaidText(text || "(no words)", { lines: 16, width: 40 });
      this.said.element.classList.add(`by-${node.source ?? "nobody"}`);
    }
    this.node = node;
    this.look = look;
    this.element.replaceChildren(this.said.element, this.buttons(node, isFolded),
      ...(node.parent ? [facts(this.rows(node, model))] : []));
  }

  buttons(node, isFolded) {
    const buttons = html("div", { class: "buttons" }, copyButton("Copy", () => this.said.text));
    if (node.children.length) {
      const fold = html("button", { type: "button", class: "small fold", "aria-expanded": String(!isFolded) },
        isFolded ? "Unfold what follows" : "Fold what follows");
      fold.addEventListener("click", () => {
        this.tree.fold(node);
        this.element.querySelector(".fold")?.focus();
      });
      buttons.append(fold);
    }
    return buttons;
  }

  rows(node, model) {
    const rows = [
      ["source", roleNames[node.source]], ["state", stateNames[node.state] + (node.isWinner ? "; on the winning path" : "")],
      ["score", digits(node.score, 4)], ["threshold", digits(node.threshold, 4)],
      ["scores so far", model.path(node).map((step) => digits(step.score)).join(" → ")],
      ["tokens", `${node.tokens}`], ["sampled", `${node.samples} time${node.samples === 1 ? "" : "s"}`],
    ];
    if (node.lookahead) rows.push(["lookahead", node.lookahead.map((score) => digits(score)).join(" → ")]);
    if (node.visits) rows.push(["visits", `${node.visits}`], ["mean value", digits(node.total / node.visits, 4)]);
    return rows;
  }
}

/** How a search ended, and what it cost. */
function accountOf(model) {
  const { result } = model;
  const { judged, kept, corrections } = result.acceptance;
  const rows = [
    ...(model.isScored ? [["score", digits(result.best.score)]] : []), ["time", seconds(result.seconds)],
    ["drafts kept", judged ? `${((100 * kept) / judged).toFixed(0)} %` : "–"],
    ["regenerated", thousands(corrections)], ["end", result.end],
  ];
  if (model.iteration !== null) {
    const policy = model.configuration.tree_policy;
    rows.push(["iterations", `${model.iteration + 1}${isText(policy) ? `, ${policy}` : ""}`]);
  }
  return rows;
}

/** The answer, what it cost, and the winning path. */
class AnswerPanel {
  constructor({ answer, path, steps }) {
    Object.assign(this, { answer, path, steps });
    this.clear();
  }

  clear() {
    this.result = null;
    this.answer.hidden = true;
    this.path.hidden = true;
  }

  show(model) {
    const { result } = model;
    if (!result) this.clear();
    else if (this.result !== result) {
      this.result = result;
      this.answer.replaceChildren(...this.final(result.answer), facts(accountOf(model)));
      const steps = model.path(model.node(result.best.node));
      this.steps.replaceChildren(...steps.map((step) => this.step(step)));
      this.path.querySelector(".buttons").replaceChildren(
        copyButton("Copy the path", () => steps.map((step) => step.text.trim()).join("\n\n")));
    }
    this.answer.hidden = !result;
    this.path.hidden = !result;
  }

  /** The answer, which stands without its delimiters where it is a formula. */
  final(answer) {
    const text = readable((answer ?? "").trim());
    if (!text) return [html("p", { class: "final" }, html("span", {}, "Answer"), html("strong", {}, "none found"))];
    const isFormula = /[\\^_{}]/.test(text) && !/\$|\\[([]|`|\n/.test(text) && !/\s[\p{L}]{4,}\s/u.test(text);
    if (text.length <= 60) {
      const shown = isFormula ? [formula(text, false)] : [...renderMarkdown(text)].flatMap((element) => [...element.childNodes]);
      const isPlain = shown.length && shown.every((node) => !["LI", "P", "TR"].includes(node.nodeName));
      return [html("p", { class: "final" }, html("span", {}, "Answer"),
        html("strong", {}, ...(isPlain ? shown : [text])), copyButton("Copy", () => text))];
    }
    const said = new SaidText(isFormula ? `\\[${text}\\]` : text, { lines: 5, width: 110 });
    return [html("div", { class: "final is-long" },
      html("p", { class: "buttons" }, html("span", {}, "Answer"), copyButton("Copy", () => text)), said.element)];
  }

  step(step) {
    return html("li", { class: `by-${step.source}` }, html("span", { class: "who" }, step.source),
      new SaidText(step.text.trim() || step.key, { lines: 5, width: 100 }).element,
      html("span", { class: "how" }, scoreAndThreshold(step)));
  }
}
