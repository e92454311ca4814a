"use strict";
// What is remembered: choices of the reader in the browser, and what is looked at in the page's address.

/** The reader's choices, kept in the browser where it lets a page keep anything. */
const memory = {
  read(name) {
    try {
      return localStorage.getItem(`specsearch.${name}`);
    } catch {
      return null;
    }
  },
  write(name, value) {
    try {
      localStorage.setItem(`specsearch.${name}`, value);
    } catch {
      // A page that may keep nothing works all the same.
    }
  },
};

/** What the address names after its #: a search of the server, another beside it, a thought, and
 * what is folded. */
const address = {
  read() {
    const words = new URLSearchParams(location.hash.slice(1));
    const number = (text) => (/^\d{1,9}$/.test(text ?? "") ? Number(text) : null);
    return {
      search: words.get("search"), beside: words.get("beside"), node: number(words.get("node")),
      folded: (words.get("folded") ?? "").split(".").map(number).filter((id) => id !== null),
    };
  },
  write({ search = null, beside = null, node = null, folded = [] }) {
    const words = new URLSearchParams();
    if (search) words.set("search", search);
    if (beside) words.set("beside", beside);
    if (node) words.set("node", node);
    if (folded.length) words.set("folded", folded.join("."));
    const text = words.toString();
    try {
      history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
    } catch {
      // Some browsers let no file change its address.
    }
  },
};
