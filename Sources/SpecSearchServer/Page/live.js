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

/** A search on the server; a broken connection is taken up again where it broke. */
class LiveSearch {
  constructor({ key, onLine, onState }) {
    Object.assign(this, { key, onLine, onState });
    this.abort = new AbortController();
    this.last = null;
    this.isOver = false;
  }

  headers(more = {}) { return this.key ? { ...more, Authorization: `Bearer ${this.key}` } : more; }

  async begin(request) {
    const answer = await fetch("v1/searches", {
      method: "POST", headers: this.headers({ "Content-Type": "application/json" }),
      body: JSON.stringify(request), signal: this.abort.signal,
    });
    const body = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(body.error?.message ?? answer.statusText), { status: answer.status });
    this.id = body.id;
    await this.follow(body.id);
  }

  async follow(id) {
    this.id = id;
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
    const answer = await fetch(`v1/searches/${this.id}/events`, { headers, signal: this.abort.signal });
    if (!answer.ok) {
      const body = await answer.json().catch(() => ({}));
      throw Object.assign(new Error(body.error?.message ?? answer.statusText), { status: answer.status });
    }
    this.onState("live");
    const decoder = new EventDecoder((event) => {
      this.last = event.id ?? this.last;
      if (event.name === "end") this.isOver = true;
      else if (event.name === "failure") {
        this.isOver = true;
        throw Object.assign(new Error(JSON.parse(event.data).error?.message ?? "The search failed."), { status: 500 });
      } else this.onLine(event.data);
    });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      decoder.push(value);
    }
  }

  async stop() {
    if (this.id && !this.isOver) await fetch(`v1/searches/${this.id}`, { method: "DELETE", headers: this.headers() });
  }

  leave() { this.abort.abort(); }
}
