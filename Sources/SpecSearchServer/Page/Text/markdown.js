"use strict";
// Markdown and LaTeX as models write them, as elements: a subset, in time that grows with the text's length alone.
//
// First code and formulas are set aside, since nothing in them is Markdown; then blocks are found line by line, and marks
// within them. Text only ever goes into text nodes. Links are shown with their addresses, and lead nowhere: a model wrote
// them.

const markdownLimits = { length: 40000, depth: 6, formulas: 400 };
const [partStart, partEnd] = ["\uE000", "\uE001"];

/** Finds what closes marks: each place is looked for once, since marks are asked for from left to right. */
class Closers {
  constructor(text) {
    this.text = text;
    this.places = new Map();
  }

  /** The first place of a closer from a place on, or -1 where there is none within a limit. */
  find(closer, from, limit = Infinity) {
    let place = this.places.get(closer) ?? -1;
    if (place < from && place !== Infinity) {
      place = this.text.indexOf(closer, from);
      if (place < 0) place = Infinity;
      this.places.set(closer, place);
    }
    return place === Infinity || place - from > limit ? -1 : place;
  }
}

/** The end of a group in braces that begins at a place, or -1. */
function groupEnd(text, from) {
  let depth = 0;
  for (let place = from; place < Math.min(text.length, from + 2000); place += 1) {
    if (text[place] === "\\") place += 1;
    else if (text[place] === "{") depth += 1;
    else if (text[place] === "}" && (depth -= 1) === 0) return place + 1;
  }
  return -1;
}

/** Sets code and formulas aside: the text with a mark for each, and what they are. */
class Parts {
  constructor(text) {
    this.source = text.slice(0, markdownLimits.length).replace(/[\uE000\uE001]/g, "\uFFFD");
    this.closers = new Closers(this.source);
    this.list = [];
    this.text = "";
    let done = 0;
    // Each of these may begin a part.
    const openers = /(^|\n)([ \t]{0,12})(`{3,}|~{3,})[^\n`]*(?:\n|$)|`+|\\\(|\\\[|\\begin\{([a-z]+\*?)\}|\\boxed\s*\{|\\.|\$\$?/gsu;
    for (let found = openers.exec(this.source); found; found = openers.exec(this.source)) {
      const part = this.part(found);
      if (!part) continue;
      this.text += this.source.slice(done, found.index) + (part.before ?? "") + partStart + this.list.length + partEnd
        + (part.after ?? "");
      this.list.push(part);
      done = part.end;
      openers.lastIndex = Math.max(done, found.index + 1);
    }
    this.text += this.source.slice(done);
  }

  part(found) {
    const [opener, lineStart, indent, fence, environment] = found;
    const begin = found.index + opener.length;
    const upTo = (closer, kind, isKept) => {
      const end = this.closers.find(closer, begin, mathLimits.length);
      return end < 0 || (!isKept && this.source.slice(begin, end).trim() === "") ? null : {
        kind, end: end + closer.length,
        text: isKept ? this.source.slice(found.index, end + closer.length) : this.source.slice(begin, end),
      };
    };
    if (fence) return this.fence(begin, lineStart, indent, fence);
    if (opener[0] === "`") {
      const part = upTo(opener, "code");
      return part && this.source[part.end] !== "`" && !part.text.includes("\n\n") ? part : null;
    }
    if (opener === "\\(") return upTo("\\)", "math");
    if (opener === "\\[") return upTo("\\]", "display");
    if (opener === "$$") return upTo("$$", "display");
    if (environment) return upTo(`\\end{${environment}}`, "display", true);
    if (opener.startsWith("\\boxed")) {
      const end = groupEnd(this.source, begin - 1);
      return end < 0 ? null : { kind: "math", end, text: this.source.slice(found.index, end) };
    }
    return opener === "$" ? this.dollars(begin) : null;
  }

  /** Between two dollar signs is a formula only if no space stands inside them and no digit after: prices are not. */
  dollars(begin) {
    if (/\s/.test(this.source[begin] ?? " ")) return null;
    for (let end = begin; end < Math.min(this.source.length, begin + 400); end += 1) {
      const symbol = this.source[end];
      if (symbol === "\\") end += 1;
      else if (symbol === "\n" && this.source[end + 1] === "\n") return null;
      else if (symbol === "$") {
        const isClosing = end > begin && !/\s/.test(this.source[end - 1]) && !/\d/.test(this.source[end + 1] ?? "");
        return isClosing ? { kind: "math", end: end + 1, text: this.source.slice(begin, end) } : null;
      }
    }
    return null;
  }

  /** Code between fences, or up to the end where none closes it. */
  fence(begin, before, indent, fence) {
    const lines = [];
    const margin = new RegExp(`^[ \\t]{0,${indent.length}}`);
    let end = begin;
    while (end < this.source.length) {
      const next = this.source.indexOf("\n", end);
      const line = this.source.slice(end, next < 0 ? this.source.length : next);
      end = next < 0 ? this.source.length : next + 1;
      const mark = line.trim();
      if (mark.startsWith(fence) && [...mark].every((symbol) => symbol === fence[0])) break;
      lines.push(line.replace(margin, ""));
    }
    return { kind: "fence", end, text: lines.join("\n"), before: `${before}${indent}`, after: "\n" };
  }

  /** What stands for a part. */
  element(part, index) {
    if (part.kind === "code") return html("code", {}, part.text.trim() || part.text);
    if (part.kind === "fence") return html("pre", {}, html("code", {}, part.text));
    return index < markdownLimits.formulas ? formula(part.text, part.kind === "display")
      : html("code", { class: "formula raw" }, part.text);
  }
}

/** Marks within a line or a paragraph. */
class Inline {
  constructor(parts) { this.parts = parts; }

  /** The nodes of a text. */
  nodes(text, depth = 0) {
    const nodes = [];
    const closers = new Closers(text);
    let plain = "";
    const flush = () => {
      if (plain) nodes.push(plain);
      plain = "";
    };
    // Brackets keep their backslashes, which tell of a formula that has no end.
    const specials = /\uE000(\d+)\uE001|\\([!-'*-/:-@\\^-`|~])|\n|\*\*|__|~~|[*_]|!?\[/g;
    let done = 0;
    for (let found = specials.exec(text); found; found = specials.exec(text)) {
      plain += text.slice(done, found.index);
      done = specials.lastIndex;
      const [mark, part, escaped] = found;
      if (part !== undefined) {
        const index = Number(part);
        flush();
        nodes.push(this.parts.element(this.parts.list[index], index));
      } else if (escaped !== undefined) plain += escaped;
      else if (mark === "\n") {
        flush();
        nodes.push(html("br"));
      } else {
        const next = depth < markdownLimits.depth
          ? mark.endsWith("[") ? this.link(text, found.index + mark.length, closers)
            : this.marked(text, mark, found.index, closers)
          : null;
        if (next) {
          flush();
          nodes.push(html(next.name, {}, ...this.nodes(next.text, depth + 1)), ...(next.more ? [next.more] : []));
          done = next.end;
          specials.lastIndex = done;
        } else plain += mark;
      }
    }
    plain += text.slice(done);
    flush();
    return nodes;
  }

  marked(text, mark, place, closers) {
    const begin = place + mark.length;
    const isWord = (symbol) => symbol !== undefined && /[\p{L}\p{N}]/u.test(symbol);
    // Within words stand products and names of variables, and between digits powers.
    const isWithin = (before, after) => (mark.length === 1 || mark === "__" ? isWord(before) && isWord(after)
      : /\d/.test(before ?? "") && /\d/.test(after ?? ""));
    if (!text[begin] || /\s/.test(text[begin]) || isWithin(text[place - 1], text[begin])) return null;
    const end = closers.find(mark, begin + 1);
    if (end < 0 || /\s/.test(text[end - 1]) || isWithin(text[end - 1], text[end + mark.length])) return null;
    // Two marks in a row close a strong part, not two that stress.
    if (mark.length === 1 && text[end + 1] === mark) return null;
    const names = { "**": "strong", __: "strong", "~~": "s", "*": "em", _: "em" };
    return { name: names[mark], text: text.slice(begin, end), end: end + mark.length };
  }

  link(text, begin, closers) {
    const middle = closers.find("](", begin, 300);
    if (middle < 0) return null;
    const end = closers.find(")", middle);
    if (end < 0 || end - middle > 500 || text.slice(begin, end).includes("\n")) return null;
    return { name: "span", text: text.slice(begin, middle), more: ` (${text.slice(middle + 2, end)})`, end: end + 1 };
  }
}

/** Blocks, line by line. */
class Blocks {
  constructor(parts) {
    this.parts = parts;
    this.inline = new Inline(parts);
  }

  static list(line) { return /^(\s*)(?:([-*+•])|(\d{1,9})[.)])(?:\s+|$)/u.exec(line); }
  static isRule(line) { return /^\s*(?:-{3,}|\*{3,}|_{3,})\s*$/.test(line); }
  static isTableRule(line = "") { return line.length < 500 && line.includes("-") && /^[\s|:-]+$/.test(line); }
  static cells(line) { return line.trim().replace(/^\||\|$/g, "").split("|").slice(0, 30).map((cell) => cell.trim()); }
  isFence(line) {
    const mark = /^\s*\uE000(\d+)\uE001\s*$/.exec(line);
    return mark !== null && this.parts.list[Number(mark[1])].kind === "fence";
  }

  elements(lines, depth = 0) {
    const elements = [];
    for (let place = 0; place < lines.length;) {
      const line = lines[place];
      const heading = /^\s{0,3}(#{1,6})\s+(\S.*)$/.exec(line);
      if (line.trim() === "") place += 1;
      else if (heading) {
        elements.push(html(`h${Math.min(6, heading[1].length + 2)}`, {}, ...this.inline.nodes(heading[2])));
        place += 1;
      } else if (Blocks.isRule(line)) {
        elements.push(html("hr"));
        place += 1;
      } else if (this.isFence(line)) {
        elements.push(...this.inline.nodes(line.trim()));
        place += 1;
      } else if (depth < markdownLimits.depth && /^\s{0,3}>/.test(line)) {
        let end = place;
        while (end < lines.length && /^\s{0,3}>/.test(lines[end])) end += 1;
        const quoted = lines.slice(place, end).map((text) => text.replace(/^\s{0,3}>\s?/, ""));
        elements.push(html("blockquote", {}, ...this.elements(quoted, depth + 1)));
        place = end;
      } else if (depth < markdownLimits.depth && Blocks.list(line)) place = this.list(lines, place, depth, elements);
      else if (line.includes("|") && Blocks.isTableRule(lines[place + 1])) {
        place = this.table(lines, place, elements);
      } else place = this.paragraph(lines, place, elements);
    }
    return elements;
  }

  paragraph(lines, begin, elements) {
    let end = begin + 1;
    const ends = (line) => line.trim() === "" || /^\s{0,3}(?:#{1,6}\s|>)/.test(line) || Blocks.list(line) || Blocks.isRule(line)
      || this.isFence(line);
    while (end < lines.length && !ends(lines[end])) end += 1;
    const text = lines.slice(begin, end).map((line) => line.trim()).join("\n");
    elements.push(html("p", {}, ...this.inline.nodes(text)));
    return end;
  }

  /** A list: its items hold what is indented below them, and a blank line between two items does not end it. */
  list(lines, begin, depth, elements) {
    const [, indent, bullet, number] = Blocks.list(lines[begin]);
    const list = bullet ? html("ul") : html("ol", number === "1" ? {} : { start: number });
    const belongs = (line) => {
      const found = Blocks.list(line);
      return found && found[1].length <= indent.length && Boolean(found[2]) === Boolean(bullet);
    };
    let place = begin;
    while (place < lines.length && belongs(lines[place])) {
      const item = [lines[place].slice(Blocks.list(lines[place])[0].length)];
      let isBlank = false;
      for (place += 1; place < lines.length; place += 1) {
        const line = lines[place];
        if (line.trim() === "") isBlank = true;
        else {
          const inner = line.length - line.trimStart().length > indent.length;
          if (!inner && (isBlank || Blocks.list(line) || /^\s*(?:#|>)/.test(line) || this.isFence(line))) break;
          isBlank = false;
        }
        item.push(line);
      }
      const margin = item.slice(1).reduce(
        (least, line) => (line.trim() ? Math.min(least, line.length - line.trimStart().length) : least), 20);
      list.append(html("li", {}, ...this.elements(item.map((line, at) => (at ? line.slice(margin) : line)), depth + 1)));
    }
    elements.push(list);
    return place;
  }

  table(lines, begin, elements) {
    const sides = Blocks.cells(lines[begin + 1])
      .map((cell) => (cell.endsWith(":") ? (cell.startsWith(":") ? "center" : "right") : "left"));
    const row = (line, name) => html("tr", {}, ...Blocks.cells(line)
      .map((cell, at) => html(name, { class: `to-${sides[at] ?? "left"}` }, ...this.inline.nodes(cell))));
    let end = begin + 2;
    while (end < lines.length && lines[end].includes("|")) end += 1;
    elements.push(html("div", { class: "table" }, html("table", {}, html("thead", {}, row(lines[begin], "th")),
      html("tbody", {}, ...lines.slice(begin + 2, end).map((line) => row(line, "td"))))));
    return end;
  }
}

/** The elements of a text. */
function renderMarkdown(text) {
  const parts = new Parts(readable(text.replace(/\r\n?/g, "\n")));
  const elements = new Blocks(parts).elements(parts.text.split("\n"));
  const rest = text.length - markdownLimits.length;
  if (rest > 0) elements.push(html("p", { class: "note" }, `… and ${thousands(rest)} characters more, not shown here.`));
  return elements;
}
