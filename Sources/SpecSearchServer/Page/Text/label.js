"use strict";
// The first words of a step that say something, for where there is room for a line only.

const texWords = {
  times: "×", cdot: "·", div: "÷", pm: "±", le: "≤", leq: "≤", ge: "≥", geq: "≥", ne: "≠", neq: "≠", approx: "≈", to: "→",
  rightarrow: "→", implies: "⇒", Rightarrow: "⇒", therefore: "∴", ldots: "…", dots: "…", cdots: "…", infty: "∞", pi: "π",
  theta: "θ", alpha: "α", beta: "β", sum: "Σ", int: "∫", circ: "°", quad: " ", qquad: " ", angle: "∠", triangle: "△",
};

/** LaTeX as one line of plain text: what a reader would say, not what can be computed with. */
function spokenTeX(tex) {
  return tex
    .replace(/\\(?:begin|end)\s*\{[^{}]{0,40}\}/g, " ")
    .replace(/\\[dt]?frac\s*\{([^{}]{0,80})\}\s*\{([^{}]{0,80})\}/g, "$1/$2")
    .replace(/\\sqrt\s*\{([^{}]{0,80})\}/g, "√($1)")
    .replace(/\\(?:text|textbf|mathrm|mathbf|mathbb|boxed|operatorname)\s*\{([^{}]{0,200})\}/g, "$1")
    .replace(/\\(?:left|right|displaystyle)(?![A-Za-z])/g, "")
    .replace(/\\([A-Za-z]+)/g, (_, name) => texWords[name] ?? ` ${name} `)
    .replace(/\\\\|&/g, " ")
    .replace(/\\([()[\]])/g, " ")
    .replace(/\\([^A-Za-z])/g, "$1")
    .replace(/[{}]/g, "");
}

/** One line without the marks of Markdown, or nothing where only marks stood. */
function plainLine(line) {
  const words = line.trim()
    .replace(/^(?:#{1,6}\s+|>\s?|[-*+•]\s+|\d{1,3}[.)](?=\s|$)\s*)+/, "")
    .replace(/^(?:\*\*|__)?Step\s+\d{1,3}\s*[:.)–-]?(?:\*\*|__)?\s*/i, "")
    .replace(/^(?:`{3,}|~{3,})\s*\w*|^\|?[\s:|-]+\|?$|^[-*_=]{3,}$/, "")
    .replace(/\*\*|__|`/g, "")
    .replace(/(^|\s)[*_](?=\S)|(?<=\S)[*_](?=\s|$|[.,:;])/g, "$1")
    .replace(/^\||\|$/g, "").replaceAll(" | ", ", ");
  return spokenTeX(words.replace(/\$\$?([^$\s][^$]{0,200})\$\$?(?!\d)/g, "$1").replace(/^\$\$/, "")).replace(/\s+/g, " ").trim();
}

/** A step's first words, without the numbers and marks that most steps begin with. */
function labelOf(text) {
  const said = [];
  let length = 0;
  for (const line of text.slice(0, 600).split("\n")) {
    const words = plainLine(line);
    if (!/[\p{L}\p{N}]/u.test(words)) continue;
    said.push(words);
    length += words.length;
    if (length >= 60) break;
  }
  return said.join(" ");
}
