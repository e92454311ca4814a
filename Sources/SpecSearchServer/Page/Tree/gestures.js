"use strict";
// Wheel, pinch and drag. A wheel alone scrolls, as everywhere on a page; with Ctrl or Command it zooms, which is also what
// a pinch on a touchpad sends.

/** Lets a reader zoom and pan a tree by hand. */
function listenForGestures(tree) {
  const { frame } = tree;
  const at = (event) => {
    const place = frame.getBoundingClientRect();
    return { x: event.clientX - place.left, y: event.clientY - place.top };
  };
  frame.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    tree.isFollowing = false;
    tree.scale(Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) / 200), at(event));
  }, { passive: false });

  const fingers = new Map();
  let distance = 0;
  let drag = null;
  const spread = () => {
    const [a, b] = [...fingers.values()];
    return { length: Math.hypot(a.x - b.x, a.y - b.y), middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 } };
  };
  frame.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch") {
      fingers.set(event.pointerId, at(event));
      if (fingers.size === 2) distance = spread().length;
    } else if (event.button === 0 && !event.target.closest(".card")) {
      // The bars of the frame itself are not dragged.
      const { x, y } = at(event);
      if (x >= frame.clientWidth || y >= frame.clientHeight) return;
      drag = { x, y, left: frame.scrollLeft, top: frame.scrollTop };
      frame.setPointerCapture(event.pointerId);
      frame.classList.add("is-dragged");
    }
  });
  frame.addEventListener("pointermove", (event) => {
    if (drag) {
      const { x, y } = at(event);
      tree.isFollowing = false;
      frame.scrollTo({ left: drag.left + drag.x - x, top: drag.top + drag.y - y, behavior: "instant" });
    } else if (fingers.has(event.pointerId)) {
      fingers.set(event.pointerId, at(event));
      if (fingers.size !== 2 || !distance) return;
      const { length, middle } = spread();
      tree.isFollowing = false;
      tree.scale(length / distance, middle);
      distance = length;
    }
  });
  const end = (event) => {
    fingers.delete(event.pointerId);
    drag = null;
    frame.classList.remove("is-dragged");
  };
  for (const name of ["pointerup", "pointercancel"]) frame.addEventListener(name, end);
  // Two fingers zoom the tree; one scrolls it, as the browser does.
  frame.addEventListener("touchmove", (event) => { if (event.touches.length > 1) event.preventDefault(); }, { passive: false });
}
