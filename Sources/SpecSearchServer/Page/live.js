"use strict";
// Events as they come from the server.

/** A decoder of server-sent events out of a stream of text. */
class EventDecoder {
  constructor(onEvent) {
    this.onEvent = onEvent;
    this.rest = "";
    this.reset();
  }

  reset() { [this.name, this.id, this.data] = ["message", null, []]; }

  push(text) {
    this.rest += text;
    const lines = this.rest.split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop();
    for (const line of lines) this.line(line);
  }

  line(line) {
    if (line === "") {
      if (this.data.length) this.onEvent({ name: this.name, id: this.id, data: this.data.join("\n") });
      this.reset();
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.name = value;
    if (field === "id") this.id = value;
    if (field === "data") this.data.push(value);
  }
}

function failureOf(data) {
  try {
    return JSON.parse(data).error.message;
  } catch {
    return "The search failed.";
  }
}

/** A search that needs a key, or another one. */
const refusal = (message) => Object.assign(new Error(message), { status: 401 });

/** A search on the server; a broken connection is taken up again where it broke. */
class LiveSearch {
  constructor({ key, onBegun, onLine, onState }) {
    Object.assign(this, { key, onBegun, onLine, onState });
    this.abort = new AbortController();
    this.last = null;
    this.isOver = false;
  }

  get path() { return `v1/searches/${encodeURIComponent(this.id)}`; }

  headers(more = {}) {
    if (!this.key) return more;
    if (!/^[\x21-\x7e]+$/.test(this.key)) throw refusal("This is no key: it has letters or spaces that no key has.");
    return { ...more, Authorization: `Bearer ${this.key}` };
  }

  async begin(request) {
    const answer = await this.reach("v1/searches", {
      method: "POST", headers: this.headers({ "Content-Type": "application/json" }),
      body: JSON.stringify(request), signal: this.abort.signal,
    });
    const body = await this.body(answer);
    if (!isText(body.id)) throw new Error("The server's answer names no search.");
    await this.follow(body.id);
  }

  async reach(path, request) {
    try {
      return await fetch(path, request);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Error("The server cannot be reached. Is it still running?");
    }
  }

  /** What a server answered, or the error that it answered. */
  async body(answer) {
    if (answer.status === 401) throw refusal(this.key ? "The server does not know this key." : "This server asks for a key.");
    const body = await answer.json().catch(() => null);
    if (answer.ok && isObject(body)) return body;
    const message = body?.error?.message;
    const status = `The server answered with status ${answer.status}${answer.statusText ? ` (${answer.statusText})` : ""}.`;
    throw Object.assign(new Error(isText(message) ? message : status), { status: answer.status });
  }

  async follow(id) {
    this.id = id;
    this.onBegun(id);
    if (this.isStopping) await this.stop();
    let failures = 0;
    while (!this.isOver && !this.abort.signal.aborted) {
      try {
        await this.read();
        failures = 0;
      } catch (error) {
        if (this.abort.signal.aborted) return;
        if (error.status) throw error;
        failures += 1;
      }
      if (this.isOver || this.abort.signal.aborted) return;
      if (failures > 8) throw new Error("The server does not answer any more.");
      this.onState("reconnecting");
      await new Promise((resolve) => { setTimeout(resolve, Math.min(4000, 250 * 2 ** failures)); });
    }
  }

  async read() {
    const headers = this.headers(this.last === null ? {} : { "Last-Event-ID": this.last });
    const answer = await fetch(`${this.path}/events`, { headers, signal: this.abort.signal });
    if (!answer.ok) await this.body(answer);
    this.onState("live");
    const decoder = new EventDecoder((event) => {
      this.last = event.id ?? this.last;
      if (event.name === "end") this.isOver = true;
      else if (event.name === "failure") {
        this.isOver = true;
        throw Object.assign(new Error(failureOf(event.data)), { status: 500 });
      } else this.take(event.data);
    });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      decoder.push(value);
    }
  }

  /** Takes an event's line; one that is damaged will be so again, so that no new connection helps. */
  take(line) {
    try {
      this.onLine(line);
    } catch (error) {
      throw Object.assign(new Error(`An event of the server is damaged: ${error.message}.`), { status: 500 });
    }
  }

  /** Asks for the best so far, at once or as soon as the search has a name. */
  async stop() {
    this.isStopping = true;
    if (!this.id || this.isOver) return;
    const answer = await this.reach(this.path, { method: "DELETE", headers: this.headers() });
    if (!answer.ok && answer.status !== 404) await this.body(answer);
  }

  leave() { this.abort.abort(); }
}
