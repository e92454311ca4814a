"use strict";
// Playing a trace: from event to event, as fast as it can be watched.

/** The buttons below the tree. */
class Replay {
  constructor({ bar, button, slider, place }, page) {
    Object.assign(this, { bar, button, slider, place, page });
    slider.addEventListener("input", () => {
      this.pause();
      page.show(Number(slider.value));
    });
    button.addEventListener("click", () => (this.timer ? this.pause() : this.play()));
  }

  offer(count) {
    this.bar.hidden = false;
    this.slider.min = 1;
    this.slider.max = count;
  }

  hide() {
    this.pause();
    this.bar.hidden = true;
  }

  at(count, all) {
    this.slider.value = count;
    this.slider.setAttribute("aria-valuetext", `event ${count} of ${all}`);
    this.place.textContent = `${count} / ${all}`;
  }

  play() {
    const { page } = this;
    if (page.shown >= page.events.length) page.show(1);
    page.tree.isFollowing = true;
    this.named("❚❚", "Pause");
    // A long trace is shown in some ten seconds, several events at a time.
    const wait = Math.max(40, Math.min(220, 12000 / page.events.length));
    const stride = Math.max(1, Math.round((page.events.length * wait) / 12000));
    this.timer = setInterval(() => {
      if (page.shown >= page.events.length) this.pause();
      else page.show(Math.min(page.events.length, page.shown + stride));
    }, wait);
  }

  pause() {
    if (!this.timer) return;
    clearInterval(this.timer);
    this.timer = null;
    this.named("▶", "Play");
    this.page.drawFigures();
  }

  named(sign, name) {
    this.button.textContent = sign;
    this.button.setAttribute("aria-label", name);
  }
}
