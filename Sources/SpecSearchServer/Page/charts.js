"use strict";
// The charts beside the tree: scores against the threshold, what each model does when, and what it costs.

/** A chart is as wide as its place, so that its letters keep their size. */
const widthOf = (figure) => Math.max(260, figure.querySelector(".picture").clientWidth || 460);

/** Scores of the thoughts and the threshold, by depth. */
function drawScores(figure, model) {
  // Scores are probabilities, but not every reward model's are.
  const [low, high] = model.drawn.reduce(
    ([least, most], { score }) => (score === null ? [least, most] : [Math.min(least, score), Math.max(most, score)]), [0, 1]);
  const isUsual = high - low === 1;
  const [width, height, left, top, bottom] = [widthOf(figure), 190, isUsual ? 34 : 58, 10, 28];
  const depths = Math.max(1, model.maxDepth);
  const x = (depth) => left + 14 + (depth - 1) * ((width - left - 28) / Math.max(1, depths - 1));
  const y = (score) => top + (1 - (Math.min(high, Math.max(low, score)) - low) / (high - low)) * (height - top - bottom);
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, role: "img" });
  picture.append(svg("title", {}, "Scores of the thoughts and the threshold, by step"));
  for (const part of [0, 0.25, 0.5, 0.75, 1]) {
    const score = low + part * (high - low);
    picture.append(svg("line", { class: "grid", x1: left, x2: width - 6, y1: y(score), y2: y(score) }));
    picture.append(svg("text", { class: "axis", x: left - 6, y: y(score) + 4, "text-anchor": "end" },
      isUsual ? `${score}` : score.toPrecision(2)));
  }
  const every = Math.ceil(depths / 12);
  for (let depth = 1; depth <= depths; depth += every) {
    picture.append(svg("text", { class: "axis", x: x(depth), y: height - 10, "text-anchor": "middle" }, `${depth}`));
  }
  for (const node of model.drawn) {
    if (!node.parent || node.score === null) continue;
    // A little aside by number, so that equal scores do not hide each other.
    const aside = ((node.id % 7) - 3) * 1.6;
    const place = { cx: x(node.depth) + aside, cy: y(node.score) };
    const classes = `dot is-${node.state} by-${node.source}${node.isWinner && model.result ? " is-winner" : ""}`;
    picture.append(svg("circle", { class: classes, r: node.isWinner && model.result ? 4.5 : 3.2, ...place }));
  }
  const line = [...model.thresholds].filter(([depth]) => depth < depths || depth === 1).sort((a, b) => a[0] - b[0]);
  if (line.length) {
    const half = (width - left - 28) / Math.max(1, depths - 1) / 2;
    const path = line.map(([depth, threshold], index) => {
      const [from, to] = [Math.max(left, x(depth + 1) - half), Math.min(width - 6, x(depth + 1) + half)];
      return `${index ? "L" : "M"}${from.toFixed(1)} ${y(threshold).toFixed(1)}L${to.toFixed(1)} ${y(threshold).toFixed(1)}`;
    });
    picture.append(svg("path", { class: "threshold", d: path.join("") }));
  }
  figure.querySelector(".picture").replaceChildren(picture);
}

/** When each model worked. */
function drawTimeline(figure, model) {
  const [width, left, row, top] = [widthOf(figure), 92, 26, 6];
  const height = top + row * roles.length + 26;
  const total = Math.max(model.clock, 1e-6);
  const x = (time) => left + (time / total) * (width - left - 8);
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, role: "img" });
  picture.append(svg("title", {}, "When each model worked"));
  roles.forEach((role, index) => {
    const y = top + index * row;
    picture.append(svg("text", { class: "axis name", x: left - 8, y: y + 15, "text-anchor": "end" }, roleNames[role]));
    picture.append(svg("rect", { class: "lane", x: left, y: y + 3, width: width - left - 8, height: row - 8, rx: 3 }));
  });
  for (const call of model.calls) {
    const y = top + roles.indexOf(call.role) * row;
    const box = { x: x(call.start).toFixed(2), y: y + 3, height: row - 8 };
    const bar = svg("rect", {
      class: `span by-${call.role} in-${call.phase}`, ...box,
      width: Math.max(0.8, x(call.start + call.seconds) - x(call.start)).toFixed(2),
    });
    bar.append(svg("title", {}, `${call.depth === undefined ? "" : `Step ${call.depth + 1}: `}${call.phase}, ${seconds(call.seconds)}`));
    picture.append(bar);
  }
  const base = height - 8;
  picture.append(svg("text", { class: "axis", x: left, y: base }, "0"));
  picture.append(svg("text", { class: "axis", x: width - 8, y: base, "text-anchor": "end" }, seconds(total)));
  figure.querySelector(".picture").replaceChildren(picture);
}

/** Seconds and tokens, against an estimate for the large model alone. */
function drawCosts(figure, model) {
  const estimate = model.estimateAlone;
  const spent = model.result?.seconds ?? model.clock;
  const rows = [["this search", spent, "is-this"]];
  if (estimate) rows.push(["target alone ≥", estimate.seconds, "is-estimate"]);
  const most = Math.max(...rows.map((row) => row[1]), 1e-6);
  const [width, left, row] = [widthOf(figure), 112, 30];
  const picture = svg("svg", { viewBox: `0 0 ${width} ${row * rows.length + 4}`, width, role: "img" });
  picture.append(svg("title", {}, "Seconds of this search, and of the target alone at least (estimated)"));
  rows.forEach(([name, value, look], index) => {
    const y = index * row + 4;
    picture.append(svg("text", { class: "axis name", x: left - 8, y: y + 15, "text-anchor": "end" }, name));
    const length = Math.max(1, (value / most) * (width - left - 84));
    picture.append(svg("rect", { class: `cost ${look}`, x: left, y: y + 2, width: length.toFixed(1), height: row - 12, rx: 3 }));
    picture.append(svg("text", { class: "value", x: left + length + 6, y: y + 16 }, seconds(value)));
  });
  const table = html("table", {});
  const head = html("tr", {}, html("th", { scope: "col" }, "Tokens"), html("th", { scope: "col" }, "evaluated"),
    html("th", { scope: "col" }, "generated"), html("th", { scope: "col" }, "seconds"));
  table.append(html("thead", {}, head));
  const body = html("tbody");
  for (const role of roles) {
    const work = model.usage[role];
    if (!work) continue;
    body.append(html("tr", {}, html("th", { scope: "row", class: `by-${role}` }, roleNames[role]),
      html("td", {}, thousands(work.evaluatedTokens)), html("td", {}, role === "prm" ? "–" : thousands(work.outputTokens)),
      html("td", {}, digits(work.seconds, 2))));
  }
  table.append(body);
  const parts = [picture, table];
  if (estimate) {
    parts.push(html("p", { class: "note" },
      `The target alone is estimated at no less than this: ${thousands(estimate.tokens)} tokens of the thoughts above `
      + "and the prompt, each in the time that a token took the target here."));
  }
  figure.querySelector(".picture").replaceChildren(...parts);
}
