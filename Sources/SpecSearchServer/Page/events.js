"use strict";
// What a trace is: lines of JSON, each an event with the parts that are read here. All that comes from a file or a server
// is checked before anything is drawn, so that what is damaged is named, and nothing fails halfway.

const traceVersion = 2;
const roles = ["draft", "target", "prm"];

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
// Sums of what is let through stay finite.
const isNumber = (value) => typeof value === "number" && Math.abs(value) <= 1e15;
const isAmount = (value) => isNumber(value) && value >= 0;
const isCount = (value) => Number.isSafeInteger(value) && value >= 0;
const isText = (value) => typeof value === "string";
const isListOf = (check) => (value) => Array.isArray(value) && value.every(check);
const isMaybe = (check) => (value) => value === undefined || value === null || check(value);
const isRole = (value) => roles.includes(value);
const isUsage = (value) => isObject(value) && (value.models === undefined
  || (isObject(value.models) && Object.values(value.models).every((work) => isObject(work)
    && Object.values(work).every(isAmount))));

const thought = {
  node: isCount, parent: isCount, text: isText, samples: isCount, source: isRole, tokens: Array.isArray, partialScore: isMaybe(isNumber),
  state: isMaybe((value) => Object.hasOwn(stateNames, value)),
};
const verdict = { nodes: isListOf(isCount), threshold: isMaybe(isNumber) };
/** The parts of each kind of event that are read. */
const eventParts = {
  started: { problem: (value) => isObject(value) && isText(value.text), configuration: isMaybe(isObject) },
  drafted: thought,
  generated: thought,
  sampled: { role: isRole, phase: isText, usage: isUsage, seconds: isAmount },
  scored: { nodes: isListOf(isCount), scores: isListOf(isNumber), usage: isMaybe(isUsage), seconds: isAmount },
  repeated: { node: isCount, samples: isCount },
  lost: { role: isRole, phase: isText, nodes: isListOf(isCount) },
  likelihoods: { role: isRole, usage: isUsage, seconds: isAmount },
  accepted: verdict,
  surplus: verdict,
  rejected: verdict,
  duplicate: verdict,
  corrected: verdict,
  salvaged: verdict,
  threshold: { depth: isCount, threshold: isMaybe(isNumber) },
  lookahead: { node: isCount, score: isNumber },
  selected: { depth: isCount, nodes: isListOf(isCount) },
  backedUp: { iteration: isCount, node: isCount, value: isNumber },
  finished: {
    answer: isMaybe(isText), best: (value) => isObject(value) && isCount(value.node) && isMaybe(isNumber)(value.score),
    acceptance: (value) => isObject(value) && ["judged", "kept", "corrections"].every((key) => isAmount(value[key])),
    seconds: isAmount, end: isText,
  },
};

const remedy = `Record one with specsearch solve --trace; this page reads version ${traceVersion}.`;
const noTrace = (reason) => new Error(`${reason} ${remedy}`);

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
    if (!check(event[name])) throw new Error(`"${event.type}" has no valid "${name}"`);
  }
  if (event.type === "scored" && event.nodes.length !== event.scores.length) throw new Error("a score is missing");
  return event;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Why a text with this first line is no trace that can be read; null where it may be one. */
function faultOfStart(text, line, number) {
  const event = parsed(line);
  if (isObject(event) && event.type === "started") {
    return event.version === traceVersion ? null : "This trace is of another version.";
  }
  if (isObject(event) && Object.hasOwn(eventParts, event.type)) {
    return `Line ${number} is a "${event.type}" event, but a trace begins with a "started" one: its beginning is missing.`;
  }
  const isJSON = event !== undefined || parsed(text) !== undefined;
  return isJSON ? `This is JSON, but no trace: line ${number} is no event.` : `Line ${number} is not JSON, so this is no trace.`;
}

/** A trace of `specsearch solve --trace` as events with their lines, and what is wrong with it, if its end is damaged.
 *
 * A search that was killed leaves a trace that breaks off; what stands before the break can be shown. */
function readTrace(text) {
  const lines = text.split("\n").map((line, index) => [line, index + 1]).filter(([line]) => line.trim() !== "");
  if (!lines.length) throw noTrace("This file is empty.");
  const fault = faultOfStart(text, ...lines[0]);
  if (fault) throw noTrace(fault);
  const run = { events: [], lines: [], search: null, fault: null };
  const model = new TraceModel();
  for (const [line, number] of lines) {
    try {
      const event = readEvent(line);
      model.take(event);
      run.events.push(event);
      run.lines.push(line.trim());
    } catch (error) {
      const damage = `Line ${number} of the trace is damaged (${error.message})`;
      if (!run.events.length) throw noTrace(`${damage}.`);
      run.fault = `${damage}: what stands before it is shown. The whole can only be recorded again, with specsearch solve --trace.`;
      return run;
    }
  }
  if (!model.result) run.fault = `The trace ends with line ${lines.at(-1)[1]}, before its search did: there is no answer in it.`;
  return run;
}
