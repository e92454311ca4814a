"use strict";
// Where thoughts stand: a column for each depth, children beside their parents, no two on one place.

// Where there is little room, cards are narrow and stand close, so that two columns can be read side by side.
const cardSizes = {
  wide: { width: 240, height: 34, gapX: 42, gapY: 8, margin: 14 },
  narrow: { width: 184, height: 34, gapX: 20, gapY: 6, margin: 8 },
};
const card = { ...cardSizes.wide };

/** The thoughts that a reader wants to see, by the name of the filter. */
const filters = {
  all: () => true,
  kept: (node) => !["rejected", "unusable", "duplicate", "lost"].includes(node.state),
  path: (node) => node.isWinner,
};

/** The rows at which groups of siblings begin: none over another, all between the first row and the last, and as near to
 * where they want to be as that lets them (by least squares: neighbours that collide are pooled). */
function placed(groups, rows) {
  const pools = [];
  let before = 0;
  for (const { wanted, size } of groups) {
    // Without the rows of those above it, a group must only stand no higher than they do.
    let pool = { sum: wanted - before, count: 1 };
    before += size;
    while (pools.length && pools.at(-1).sum / pools.at(-1).count >= pool.sum / pool.count) {
      const above = pools.pop();
      pool = { sum: above.sum + pool.sum, count: above.count + pool.count };
    }
    pools.push(pool);
  }
  const free = rows - before;
  before = 0;
  return pools.flatMap(({ sum, count }) => Array(count).fill(Math.min(free, Math.max(0, Math.round((sum / count) * 2) / 2))))
    .map((row, index) => {
      const place = row + before;
      before += groups[index].size;
      return place;
    });
}

/** A column's nodes by their parents. */
function siblings(nodes) {
  const groups = [];
  for (const node of nodes) {
    if (groups.at(-1)?.parent === node.parent) groups.at(-1).nodes.push(node);
    else groups.push({ parent: node.parent, nodes: [node] });
  }
  return groups.map(({ parent, nodes: group }) => (
    { nodes: group, size: group.length, wanted: parent ? parent.row - (group.length - 1) / 2 : 0 }));
}

/** The layout of a tree: gives every shown node x and y, and answers its columns from top to bottom.
 *
 * The tree is as high as its largest column, so that a long search stays on the screen. */
function layOut(model, isShown, isFolded) {
  const columns = [[model.root]];
  for (let column = columns[0]; column.length;) {
    column = column.flatMap((node) => (isFolded(node) ? [] : node.children.filter(isShown)));
    if (column.length) columns.push(column);
  }
  const step = card.height + card.gapY;
  const rows = columns.reduce((most, column) => Math.max(most, column.length), 1);
  columns.forEach((column, depth) => {
    const groups = siblings(column);
    placed(groups, rows).forEach((row, index) => groups[index].nodes.forEach((node, number) => {
      node.row = row + number;
      node.x = card.margin + depth * (card.width + card.gapX);
      node.y = card.margin + node.row * step;
    }));
  });
  return {
    columns,
    width: card.margin * 2 + columns.length * (card.width + card.gapX) - card.gapX,
    height: card.margin * 2 + rows * step - card.gapY,
  };
}
