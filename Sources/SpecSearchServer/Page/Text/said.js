"use strict";
// What a model said, rendered, and folded where it is long.

/** A text that can be copied, and unfolded where it has more than some lines. */
class SaidText {
  /** - lines: how many lines a text may have, about, of so many letters, before it is folded. */
  constructor(text, { lines = 5, width = 60 } = {}) {
    this.text = text.trim();
    this.body = html("div", { class: "markdown", dir: "auto" }, ...renderMarkdown(this.text));
    this.element = html("div", { class: "said" }, this.body);
    const wanted = this.text.split("\n").reduce((sum, line) => sum + Math.max(0.4, Math.ceil(line.length / Math.min(width, innerWidth / 9))), 0);
    if (wanted > lines + 3) this.fold();
  }

  fold() {
    this.more = html("button", { type: "button", class: "more-text", "aria-expanded": "false" }, "show all");
    this.more.addEventListener("click", () => this.show(this.element.classList.contains("is-folded")));
    this.element.classList.add("is-folded");
    this.element.append(this.more);
  }

  show(isWhole) {
    this.element.classList.toggle("is-folded", !isWhole);
    this.more.setAttribute("aria-expanded", String(isWhole));
    this.more.textContent = isWhole ? "show less" : "show all";
  }
}
