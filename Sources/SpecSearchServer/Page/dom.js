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
const digits = (value, count = 3) => (typeof value === "number" ? value.toFixed(count) : "–");
const seconds = (value) => (value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(value < 10 ? 2 : 1)} s`);
const thousands = (value) => Math.round(value).toLocaleString("en-US");
