"use strict";
// What a trace is: lines of JSON, each an event with the parts that are read here. All that comes from a file or a server
// is checked before anything is drawn, so that what is damaged is named, and nothing fails halfway.

const traceVersion = 2;
const roles = ["draft", "target", "prm"];

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
const isText = (value) => typeof value === "string";
const isListOf = (check) => (value) => Array.isArray(value) && value.every(check);
const isMaybe = (check) => (value) => value === undefined || value === null || check(value);
const isRole = (value) => roles.includes(value);
const isUsage = (value) => isObject(value) && (value.models === undefined
  || (isObject(value.models) && Object.values(value.models).every((work) => isObject(work)
    && Object.values(work).every(isNumber))));

const thought = {
  node: isCount, parent: isCount, text: isText, samples: isCount, source: isRole, tokens: Array.isArray,
  state: isMaybe((value) => Object.hasOwn(stateNames, value)),
};
const verdict = { nodes: isListOf(isCount), threshold: isMaybe(isNumber) };
/** The parts of each kind of event that are read. */
const eventParts = {
  started: { problem: (value) => isObject(value) && isText(value.text), configuration: isMaybe(isObject) },
  drafted: thought,
  generated: thought,
  sampled: { role: isRole, phase: isText, usage: isUsage, seconds: isNumber },
  scored: { nodes: isListOf(isCount), scores: isListOf(isNumber), usage: isMaybe(isUsage), seconds: isNumber },
  repeated: { node: isCount, samples: isCount },
  lost: { role: isRole, phase: isText, nodes: isListOf(isCount) },
  likelihoods: { role: isRole, usage: isUsage, seconds: isNumber },
  accepted: verdict,
  surplus: verdict,
  rejected: verdict,
  duplicate: verdict,
  corrected: verdict,
  threshold: { depth: isCount, threshold: isMaybe(isNumber) },
  lookahead: { node: isCount, score: isNumber },
  selected: { depth: isCount, nodes: isListOf(isCount) },
  backedUp: { iteration: isCount, node: isCount, value: isNumber },
  finished: {
    answer: isMaybe(isText), best: (value) => isObject(value) && isCount(value.node) && isMaybe(isNumber)(value.score),
    acceptance: (value) => isObject(value) && ["judged", "kept", "corrections"].every((key) => isNumber(value[key])),
    seconds: isNumber, end: isText,
  },
};

const oldTrace = () => new Error(
  `This page reads traces of version ${traceVersion}, and this is none: record it again with specsearch solve --trace.`);

/** An event out of its line.
 *
 * Events of kinds that this page does not know are let through: what draws them passes over them. */
function readEvent(line) {
  let event;
  try {
    event = JSON.parse(line);
  } catch {
    throw new Error("it is not JSON");
  }
  if (!isObject(event) || !isText(event.type)) throw new Error("it is no event");
  if (!Object.hasOwn(eventParts, event.type)) return event;
  for (const [name, check] of Object.entries(eventParts[event.type])) {
    if (!check(event[name])) throw new Error(`"${event.type}" has no fit "${name}"`);
  }
  if (event.type === "scored" && event.nodes.length !== event.scores.length) throw new Error("a score is missing");
  return event;
}

/** The events of a trace of `specsearch solve --trace`, and what is wrong with it, if its end is damaged.
 *
 * A search that was killed leaves a trace that breaks off; what stands before the break can be shown. */
function readTrace(text) {
  const lines = text.split("\n").map((line, index) => [line, index + 1]).filter(([line]) => line.trim() !== "");
  const events = [];
  const model = new TraceModel();
  for (const [line, number] of lines) {
    try {
      const event = readEvent(line);
      if (!events.length && (event.type !== "started" || event.version !== traceVersion)) throw oldTrace();
      model.take(event);
      events.push(event);
    } catch (error) {
      if (!events.length) throw oldTrace();
      return { events, fault: `Line ${number} of the trace is damaged (${error.message}): what stands before it is shown.` };
    }
  }
  if (!events.length) throw oldTrace();
  return { events, fault: null };
}
