"use strict";
// LaTeX as MathML, by KaTeX, which builds elements and parses no HTML.

const mathLimits = { length: 3000, braces: 40, depth: 60 };
const mathOptions = {
  output: "mathml", throwOnError: true, strict: "ignore", trust: false, maxExpand: 300, maxSize: 20,
  // These two would set inline styles, which the page's policy forbids: one is bold, the other what stands in its box.
  macros: {
    "\\pmb": "\\boldsymbol{#1}",
    "\\fcolorbox": (context) => ({ tokens: context.consumeArgs(3)[2], numArgs: 0 }),
  },
};

/** How deep braces stand in each other. */
function braceDepth(tex) {
  let [depth, most] = [0, 0];
  for (const symbol of tex) {
    if (symbol === "{") most = Math.max(most, (depth += 1));
    else if (symbol === "}") depth -= 1;
  }
  return most;
}

/** Whether elements stand in each other no deeper than a browser lays out safely. */
function isShallow(root, limit) {
  let row = [root];
  for (let depth = 0; row.length; depth += 1) {
    if (depth > limit) return false;
    row = row.flatMap((element) => [...element.children]);
  }
  return true;
}

/** LaTeX as models write it: their percents, dollars and numbers are no comments, no formulas and no parameters. */
const tamedTeX = (tex) => tex.replace(/\\.|[%$#]/gsu, (symbol) => (symbol.length === 1 ? `\\${symbol}` : symbol))
  .replace(/\\text\{[^{}]*\}/g, (text) => text.replace(/\\.|_/gsu, (symbol) => (symbol === "_" ? "\\_" : symbol)));

/** A formula, or its source, where it cannot be read or is beyond the limits. */
function formula(tex, isDisplay) {
  const source = tex.trim();
  if (globalThis.katex && source.length <= mathLimits.length && braceDepth(source) <= mathLimits.braces) {
    try {
      const place = html("span", { class: isDisplay ? "formula display" : "formula" });
      katex.render(tamedTeX(source), place, { ...mathOptions, displayMode: isDisplay, macros: { ...mathOptions.macros } });
      if (isShallow(place, mathLimits.depth)) return place;
    } catch {
      // The source is shown instead.
    }
  }
  return html("code", { class: isDisplay ? "formula display raw" : "formula raw" }, source);
}
