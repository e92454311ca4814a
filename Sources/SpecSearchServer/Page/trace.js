"use strict";
// What a trace means: events in, a tree of thoughts out. No drawing here, and no page.

const plain = (text) => text.split(/\s+/).filter(Boolean).join(" ");
const roleNames = { draft: "draft", target: "target", prm: "reward model" };
// The states of SearchTree.State.
const stateNames = {
  sampled: "sampled",
  accepted: "accepted",
  surplus: "accepted, but the node has better ones",
  rejected: "rejected",
  salvaged: "rejected, but better than what the target put in its place",
  correction: "the target's, in place of rejected drafts",
  duplicate: "the target's, and says what a kept draft says",
  unusable: "not usable: cut, empty or a repeat",
  lookahead: "only serves the score of a thought before it",
  lost: "lost: the reward model could not read it",
};

/** A reader of a trace's events: the tree by ids, the thresholds, and the account of one search. */
class TraceModel {
  constructor() {
    this.root = {
      id: 0, parent: null, depth: 0, children: [], text: "", key: "", label: "The problem", state: "root", source: null, score: null,
      threshold: null, tokens: 0, samples: 1, onBeam: true, isWinner: false, visits: 0, total: 0,
    };
    this.nodes = [this.root];
    // The nodes of the search itself: all but those that only served a lookahead.
    this.drawn = [this.root];
    this.maxDepth = 0;
    this.thresholds = new Map();
    this.calls = [];
    this.clock = 0;
    this.usage = {};
    this.events = 0;
    // Of a tree search: the last iteration, whose way from the root carries its number.
    this.iteration = null;
    this.started = null;
    this.result = null;
  }

  get configuration() { return this.started?.configuration ?? {}; }

  node(id) {
    const node = this.nodes[id];
    if (!node) throw new Error(`it names node ${id}, which is not there yet`);
    return node;
  }

  take(event) {
    this.events += 1;
    switch (event.type) {
      case "started": this.begin(event); break;
      case "drafted": case "generated": this.add(event); break;
      case "sampled":
        this.promptTokens ??= event.usage.models?.[event.role]?.prefillTokens;
        this.spend(event.role, event, event.phase);
        break;
      case "scored":
        event.nodes.forEach((id, index) => { this.node(id).score = event.scores[index]; });
        if (event.usage) this.spend("prm", event, "score");
        break;
      case "repeated": this.node(event.node).samples += event.samples; break;
      case "lost":
        // What could not be scored is lost; what could not be continued keeps its score.
        if (event.phase === "score") for (const id of event.nodes) this.node(id).state = "lost";
        break;
      case "likelihoods": this.spend(event.role, event, "likelihoods"); break;
      case "accepted": case "surplus": case "rejected": case "duplicate": case "salvaged": this.resolve(event, event.type); break;
      case "corrected": this.resolve(event, "correction"); break;
      case "threshold":
        if (typeof event.threshold === "number") this.thresholds.set(event.depth, event.threshold);
        break;
      case "lookahead": (this.node(event.node).lookahead ??= []).push(event.score); break;
      case "selected":
        for (const node of this.nodes) if (node.depth === event.depth + 1) node.onBeam = false;
        for (const id of event.nodes) this.node(id).onBeam = true;
        break;
      case "backedUp":
        this.iteration = event.iteration;
        for (const node of [this.root, ...this.path(this.node(event.node))]) {
          node.visits += 1;
          node.total += event.value;
          node.iteration = event.iteration;
          node.onBeam = true;
        }
        break;
      case "finished":
        this.result = event;
        for (const node of [this.root, ...this.path(this.node(event.best.node))]) node.isWinner = true;
        break;
    }
  }

  begin(event) {
    if (this.started) throw new Error("another search begins here");
    if (event.version !== traceVersion) throw new Error(`this page reads version ${traceVersion}`);
    this.started = event;
  }

  add(event) {
    if (event.node !== this.nodes.length) throw new Error(`node ${event.node} is out of turn`);
    const parent = this.node(event.parent);
    const node = {
      id: event.node, parent, depth: parent.depth + 1, children: [], text: event.text,
      key: readable(plain(event.text)) || "(no words)", label: readable(labelOf(event.text)) || "(no words)",
      state: event.state ?? "sampled", source: event.source, score: event.partialScore ?? null, threshold: null,
      tokens: event.tokens.length, samples: event.samples, onBeam: false, isWinner: false, visits: 0, total: 0,
    };
    this.nodes.push(node);
    if (node.state === "lookahead") return;
    parent.children.push(node);
    this.drawn.push(node);
    this.maxDepth = Math.max(this.maxDepth, node.depth);
  }

  resolve(event, state) {
    for (const id of event.nodes) Object.assign(this.node(id), { state, threshold: event.threshold ?? null });
  }

  spend(role, { usage, seconds, depth }, phase) {
    this.calls.push({ role, phase, depth, start: this.clock, seconds });
    this.clock += seconds;
    for (const [name, work] of Object.entries(usage.models ?? {})) {
      const sum = (this.usage[name] ??= { evaluatedTokens: 0, outputTokens: 0, decodes: 0, seconds: 0 });
      for (const field of Object.keys(sum)) sum[field] += work[field] ?? 0;
    }
  }

  /** The nodes from the first step to one, the root left out. */
  path(node) {
    const path = [];
    for (let next = node; next.parent; next = next.parent) path.push(next);
    return path.reverse();
  }

  /** Whether anything was scored: the scores of a search that looks at none are all 1, and say nothing. */
  get isScored() { return this.nodes.some((node) => node.score !== null); }

  /** What the same search would cost at least if the target generated every thought: an estimate.
   *
   * Every token of every distinct thought goes through the target, in the time that a token took it here, where it often
   * had the company of others in a forward pass. */
  get estimateAlone() {
    const target = this.usage.target;
    if (!target?.evaluatedTokens || this.configuration.method !== "specsearch") return null;
    const tokens = this.drawn.filter((node) => node.state !== "duplicate")
      .reduce((sum, node) => sum + node.tokens, this.promptTokens ?? 0);
    const rest = this.usage.prm?.seconds ?? 0;
    return { tokens, seconds: tokens * (target.seconds / target.evaluatedTokens) + rest };
  }
}
