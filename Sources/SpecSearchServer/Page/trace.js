"use strict";
// What a trace means: events in, a tree of thoughts out. No drawing here, and no page.

const plain = (text) => text.split(/\s+/).filter(Boolean).join(" ");
const caseOf = (event) => Object.keys(event)[0];
const bodyOf = (event) => {
  const body = Object.values(event)[0];
  return body && Object.hasOwn(body, "_0") ? body._0 : body;
};
const roles = ["draft", "target", "prm"];
const roleNames = { draft: "draft", target: "target", prm: "reward model" };
const stateNames = {
  drafted: "drafted, not judged yet",
  written: "written by the target",
  accepted: "accepted",
  rejected: "rejected",
  corrected: "the target's, in place of rejected drafts",
  unusable: "not usable: cut or empty",
};

/** The tree, the thresholds and the account of one search, built event by event. */
class TraceModel {
  constructor() {
    this.root = {
      id: 0, parent: null, depth: 0, children: [], text: "", state: "root", author: null, score: null,
      count: 1, onBeam: true, isWinner: false, scores: [], visits: 0, total: 0,
    };
    this.nodes = [this.root];
    this.parents = [[this.root]];
    this.pending = [];
    this.thresholds = new Map();
    this.calls = [];
    this.clock = 0;
    this.usage = {};
    this.events = 0;
    // Of a tree search: the last iteration, whose way from the root carries its number.
    this.iteration = null;
    this.started = null;
    this.result = null;
    this.failure = null;
  }

  get configuration() { return this.started ? this.started.configuration : null; }
  get search() { return this.configuration?.search ?? "beam"; }
  get goesByDepth() { return !this.search.startsWith("mcts"); }
  get hasSubtrees() { return ["dvts", "best-of-n", "self-consistency"].includes(this.search); }
  get maxDepth() { return this.nodes.reduce((most, node) => Math.max(most, node.depth), 0); }

  take(event) {
    this.events += 1;
    const body = bodyOf(event);
    switch (caseOf(event)) {
      case "started": this.started = body; break;
      case "sampled": this.sampled(body); break;
      case "evaluated": this.evaluated(body); break;
      case "accepted": this.judged(body, "accepted"); break;
      case "rejected": this.judged(body, "rejected"); break;
      case "corrected": this.judged(body, "corrected"); break;
      case "thresholdUpdated":
        if (typeof body.threshold === "number") this.thresholds.set(body.depth, body.threshold);
        break;
      case "selected": this.selected(body); break;
      case "backedUp": this.backedUp(body); break;
      case "finished": this.finished(body); break;
    }
  }

  // A group holds the children of one expansion until it is known whose they are.
  group(depth, name) {
    if (this.goesByDepth) {
      const parents = this.parents[depth] ?? [];
      const parent = this.hasSubtrees && depth === 0 ? this.root : parents[name];
      return parent ?? this.root;
    }
    const known = this.pending.find((group) => group.depth === depth && group.name === name);
    if (known) return known;
    const group = { depth, name, children: [], isGroup: true };
    if (depth === 0) return this.root;
    this.pending.push(group);
    return group;
  }

  child(parent, depth, text, subtree) {
    const key = plain(text);
    return parent.children.find((node) => node.key === key && node.subtree === subtree) ?? null;
  }

  add(parent, depth, thought, state, subtree) {
    const node = {
      id: this.nodes.length, parent: parent.isGroup ? null : parent, depth: depth + 1, children: [],
      text: thought.text, key: plain(thought.text), author: thought.author, state, stop: thought.stop,
      tokens: thought.tokens ? thought.tokens.length : 0, count: 0, score: null, threshold: null,
      onBeam: false, isWinner: false, isFinished: thought.stop === "endOfSequence", subtree, visits: 0, total: 0,
    };
    this.nodes.push(node);
    parent.children.push(node);
    return node;
  }

  subtree(depth, name) { return this.hasSubtrees && depth === 0 ? name : undefined; }

  spend(role, usage, seconds, phase, depth) {
    this.calls.push({ role, phase, depth, start: this.clock, seconds });
    this.clock += seconds;
    for (const [name, work] of Object.entries(usage.models ?? {})) {
      const sum = (this.usage[name] ??= { evaluatedTokens: 0, outputTokens: 0, decodes: 0, seconds: 0 });
      for (const field of Object.keys(sum)) sum[field] += work[field] ?? 0;
    }
  }

  sampled(call) {
    this.spend(call.role, call.usage, call.seconds, call.phase, call.depth);
    this.promptTokens ??= call.usage.models?.[call.role]?.prefillTokens;
    if (call.phase === "lookahead") return;
    call.nodes.forEach((name, index) => {
      const parent = this.group(call.depth, name);
      const subtree = this.subtree(call.depth, name);
      for (const thought of call.thoughts[index]) {
        let node = this.child(parent, call.depth, thought.text, subtree);
        if (!node) {
          const isUsable = thought.stop !== "length" && plain(thought.text) !== "";
          const state = !isUsable ? "unusable" : call.phase === "correct" || call.phase === "target"
            ? "written" : "drafted";
          node = this.add(parent, call.depth, thought, state, subtree);
        }
        node.count += 1;
      }
    });
  }

  evaluated(call) {
    this.spend("prm", call.usage, call.seconds, "evaluate", call.depth);
    call.texts.forEach((text, index) => {
      const parent = this.group(call.depth, call.nodes[index]);
      const node = this.child(parent, call.depth, text, this.subtree(call.depth, call.nodes[index]));
      if (node && node.score === null) node.score = call.scores[index];
    });
  }

  judged(body, state) {
    const parent = this.group(body.depth, body.node);
    const subtree = this.subtree(body.depth, body.node);
    for (const step of body.steps) {
      const node = this.child(parent, body.depth, step.thought.text, subtree)
        ?? this.add(parent, body.depth, step.thought, state, subtree);
      node.state = state;
      if (state === "corrected") node.author = step.thought.author;
      node.score = step.score;
      if (typeof step.threshold === "number") node.threshold = step.threshold;
      if (step.lookahead) node.lookahead = step.lookahead;
    }
  }

  /** The node of a path, if all of it is known. */
  find(steps) {
    const walk = (node, index) => {
      if (index === steps.length) return node;
      const key = plain(steps[index].thought.text);
      for (const child of node.children) {
        const found = child.key === key ? walk(child, index + 1) : null;
        if (found) return found;
      }
      return null;
    };
    return walk(this.root, 0);
  }

  selected(body) {
    for (const node of this.nodes) if (node.depth === body.depth + 1) node.onBeam = false;
    const open = [];
    const rivals = this.rivals(body.depth);
    for (const { steps } of body.nodes) {
      let node = null;
      if (this.hasSubtrees) {
        // Subtrees stand in their order; one whose thoughts were all unusable is passed over.
        while (rivals.length && !node) {
          const [number, parent] = rivals.shift();
          node = parent.children.find((child) => (body.depth > 0 || child.subtree === number)
            && this.isPath(child, steps)) ?? null;
          if (node && !node.isFinished) open[number] = node;
        }
      } else {
        node = this.find(steps);
        if (node && !node.isFinished) open.push(node);
      }
      if (!node) continue;
      node.onBeam = true;
      node.score ??= steps.at(-1).score;
    }
    this.parents[body.depth + 1] = open;
  }

  /** The subtrees that were expanded at a depth, as pairs of number and node. */
  rivals(depth) {
    if (!this.hasSubtrees) return [];
    if (depth > 0) return [...(this.parents[depth] ?? []).entries()].filter(([, node]) => node);
    const numbers = new Set(this.root.children.map((child) => child.subtree));
    return [...numbers].sort((a, b) => a - b).map((number) => [number, this.root]);
  }

  isPath(node, steps) {
    for (let index = steps.length - 1; index >= 0; index -= 1) {
      if (!node || node.key !== plain(steps[index].thought.text)) return false;
      node = node.parent;
    }
    return true;
  }

  attach(steps) {
    const left = [];
    for (const group of this.pending.sort((a, b) => a.depth - b.depth)) {
      const parent = group.depth <= steps.length ? this.find(steps.slice(0, group.depth)) : null;
      if (!parent) { left.push(group); continue; }
      for (const child of group.children) {
        child.parent = parent;
        parent.children.push(child);
      }
    }
    this.pending = left;
  }

  backedUp(body) {
    this.attach(body.node.steps);
    let node = this.find(body.node.steps);
    this.iteration = body.iteration;
    while (node) {
      node.visits += 1;
      node.total += body.value;
      node.iteration = body.iteration;
      node.onBeam = true;
      node = node.parent;
    }
  }

  finished(result) {
    this.result = result;
    for (const path of [result.best, ...result.paths]) this.attach(path.steps);
    let node = this.find(result.best.steps);
    while (node) {
      node.isWinner = true;
      node = node.parent;
    }
  }

  /** Nodes that hang in the tree (those of an unfinished tree-search iteration do not yet). */
  get placed() {
    return this.nodes.filter((node) => node === this.root || node.parent);
  }

  path(node) {
    const path = [];
    for (let next = node; next && next !== this.root; next = next.parent) path.unshift(next);
    return path;
  }

  /** What the same search would cost at least if the target wrote every thought: an estimate.
   *
   * Every token of every distinct thought goes through the target, in the time that a token took it here, where it often
   * had the company of others in a pass. */
  get estimateAlone() {
    const target = this.usage.target;
    if (!target?.evaluatedTokens || this.configuration?.method !== "specsearch") return null;
    const tokens = this.nodes.reduce((sum, node) => sum + (node.tokens ?? 0), this.promptTokens ?? 0);
    const rest = this.usage.prm?.seconds ?? 0;
    return { tokens, seconds: tokens * (target.seconds / target.evaluatedTokens) + rest };
  }
}
