"use strict";
// Elements and numbers. Text goes into elements as text, never as markup: nothing here or elsewhere parses HTML.

const svgNames = "http://www.w3.org/2000/svg";
const svg = (name, attributes = {}, text) => {
  const element = document.createElementNS(svgNames, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
};
const html = (name, attributes = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};
/** Names with their values. */
const facts = (rows) => html("dl", {},
  ...rows.map(([name, value]) => html("div", {}, html("dt", {}, name), html("dd", {}, value))));
// Numbers keep within a few letters, whatever a file says.
const digits = (value, count = 3) => (typeof value !== "number" ? "–"
  : Math.abs(value) < 1e5 ? value.toFixed(count) : value.toExponential(2));
const seconds = (value) => (value < 1 ? `${Math.round(value * 1000)} ms` : `${digits(value, value < 10 ? 2 : 1)} s`);
const thousands = (value) => (value < 1e12 ? Math.round(value).toLocaleString("en-US") : value.toExponential(2));

/** A text that can be drawn and saved anywhere: with a mark in place of what XML forbids, such as control characters, and of
 * the marks that have letters read in another order than they are written. */
const readable = (text) => text.replace(/[\p{Cs}\0-\x08\v\f\x0e-\x1f\x7f-\x9f\u202d\u202e\ufffe\uffff]/gu, "\ufffd");
