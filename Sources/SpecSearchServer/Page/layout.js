"use strict";
// Where thoughts stand: a column for each depth, children beside their parents, no two on one place.

const card = { width: 196, height: 34, gapX: 46, gapY: 8, margin: 14 };

/** The layout of a tree: gives every drawn node x and y.
 *
 * Columns are packed: a column is as tall as it has thoughts, so a long search stays on the screen. */
function layOut(model) {
  const columns = [];
  const visit = (nodes) => {
    const next = [];
    for (const node of nodes) {
      (columns[node.depth] ??= []).push(node);
      next.push(...node.children);
    }
    if (next.length) visit(next);
  };
  visit([model.root]);
  const step = card.height + card.gapY;
  let height = 0;
  columns.forEach((nodes, depth) => {
    let free = 0;
    const groups = new Map();
    for (const node of nodes) {
      const key = node.parent ?? node;
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(node);
    }
    for (const [parent, group] of groups) {
      const wanted = depth === 0 ? 0 : parent.row - (group.length - 1) / 2;
      let row = Math.max(free, Math.max(0, Math.round(wanted * 2) / 2));
      for (const node of group) {
        node.row = row;
        row += 1;
      }
      free = row;
    }
    height = Math.max(height, free);
  });
  for (const nodes of columns) {
    for (const node of nodes) {
      node.x = card.margin + node.depth * (card.width + card.gapX);
      node.y = card.margin + node.row * step;
    }
  }
  return {
    width: card.margin * 2 + columns.length * (card.width + card.gapX) - card.gapX,
    height: card.margin * 2 + Math.max(height, 1) * step - card.gapY,
  };
}
