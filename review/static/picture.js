// One picture: keys, the face that is chosen, drawing a region, the preview of the copy.

import { isWriting } from "./desk.js";

const stage = document.getElementById("stage");
const boxes = document.getElementById("boxes");
const photo = document.getElementById("photo");
const cards = [...document.querySelectorAll(".face-card")];

// --- the chosen face ---------------------------------------------------------------------

let chosen = -1;

function choose(index, move = true) {
  if (index < 0 || index >= cards.length) return;
  chosen = index;
  const number = cards[index].dataset.face;
  for (const card of cards) card.classList.toggle("chosen", card === cards[index]);
  for (const face of boxes.querySelectorAll(".face")) {
    face.classList.toggle("chosen", face.dataset.face === number);
  }
  if (move) {
    cards[index].focus();
    cards[index].scrollIntoView({ block: "nearest" });
  }
}

cards.forEach((card, index) => {
  card.addEventListener("focusin", () => choose(index, false));
  card.addEventListener("mouseenter", () => choose(index, false));
});
for (const face of boxes.querySelectorAll(".face")) {
  face.addEventListener("click", () => {
    choose(cards.findIndex((card) => card.dataset.face === face.dataset.face));
  });
}
const first = cards.findIndex((card) => card.querySelector(".verdict.review, .verdict.blocked"));
if (first >= 0) choose(first, false);
if (location.hash.startsWith("#face-")) {
  choose(cards.findIndex((card) => `#${card.id}` === location.hash));
}

function press(...actions) {
  if (chosen < 0) return;
  for (const action of actions) {
    const field = cards[chosen].querySelector(`.actions input[name="action"][value="${action}"]`);
    if (field) {
      field.form.requestSubmit();
      return;
    }
  }
}

document.addEventListener("keydown", (event) => {
  if (isWriting(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  const link = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  const does = {
    n: () => choose(Math.min(chosen + 1, cards.length - 1)),
    p: () => choose(Math.max(chosen - 1, 0)),
    a: () => press("identify"),
    r: () => press("reject"),
    h: () => press("hide", "show"),
    v: () => document.getElementById("preview")?.click(),
  }[event.key];
  if (link) link.click();
  else if (does) does();
  else return;
  event.preventDefault();
});

// --- the preview -------------------------------------------------------------------------

const preview = document.getElementById("preview");
const said = document.getElementById("preview-said");
const original = photo.src;
let made = null;

preview?.addEventListener("click", async (event) => {
  event.preventDefault();
  const label = preview.querySelector("span");
  if (made) {
    URL.revokeObjectURL(made);
    made = null;
    photo.src = original;
    boxes.classList.remove("away");
    label.textContent = preview.dataset.label;
    said.textContent = "";
    return;
  }
  said.textContent = said.dataset.making;
  const answer = await fetch(preview.href, { headers: { Accept: "application/json" } });
  if (!answer.ok) {
    said.textContent = `${said.dataset.failed} ${(await answer.json()).problem ?? ""}`;
    return;
  }
  made = URL.createObjectURL(await answer.blob());
  photo.src = made;
  boxes.classList.add("away");
  preview.dataset.label = label.textContent;
  label.textContent = preview.dataset.back;
  said.textContent = said.dataset.shown;
});

// --- drawing -----------------------------------------------------------------------------

const form = document.getElementById("mask-form");
const field = document.getElementById("drawn-text");
const help = document.getElementById("draw-help");
const drawing = document.getElementById("drawing");
let kind = null;
let points = [];
let dragging = false;

function at(event) {
  const place = boxes.getBoundingClientRect();
  const x = ((event.clientX - place.left) / place.width) * Number(stage.dataset.width);
  const y = ((event.clientY - place.top) / place.height) * Number(stage.dataset.height);
  return [Math.round(x), Math.round(y)];
}

function corners([[x, y], [right, bottom]]) {
  return [[x, y], [right, y], [right, bottom], [x, bottom]];
}

function outline(open) {
  const shown = kind === "box" && points.length === 2 ? corners(points) : points;
  drawing.setAttribute("points", (open ? [...shown, open] : shown).map((p) => p.join(",")).join(" "));
}

function finish() {
  if (kind === "box") {
    const [[a, b], [c, d]] = points;
    if (a === c || b === d) return;
    field.value = `box:${Math.min(a, c)},${Math.min(b, d)},${Math.max(a, c)},${Math.max(b, d)}`;
  } else if (points.length >= 3) {
    field.value = `${kind}:${points.map((p) => p.join(",")).join(" ")}`;
  } else return;
  outline();
  form.classList.add("open");
  document.getElementById("mask-why").focus();
}

function start(wanted) {
  kind = kind === wanted ? null : wanted;
  points = [];
  outline();
  stage.classList.toggle("draws", kind !== null);
  for (const button of document.querySelectorAll("[data-draw]")) {
    button.setAttribute("aria-pressed", String(button.dataset.draw === kind));
  }
  form.classList.toggle("open", kind !== null);
  help.textContent = kind ? form.dataset[kind === "box" ? "helpBox" : "helpPolygon"] : "";
}

for (const button of document.querySelectorAll("[data-draw]")) {
  button.addEventListener("click", () => start(button.dataset.draw));
}

boxes.addEventListener("pointerdown", (event) => {
  if (!kind) return;
  event.preventDefault();
  if (kind === "box") {
    points = [at(event), at(event)];
    dragging = true;
    boxes.setPointerCapture(event.pointerId);
  } else {
    points.push(at(event));
  }
  outline();
});
boxes.addEventListener("pointermove", (event) => {
  if (dragging) {
    points[1] = at(event);
    outline();
  } else if (kind && kind !== "box" && points.length) outline(at(event));
});
boxes.addEventListener("pointerup", () => {
  if (!dragging) return;
  dragging = false;
  finish();
});
boxes.addEventListener("dblclick", () => kind && kind !== "box" && finish());
document.addEventListener("keydown", (event) => {
  if (!kind || isWriting(event.target)) return;
  if (event.key === "Enter" && kind !== "box") finish();
  else if (event.key === "Escape") start(kind);
});

document.getElementById("all-nothing")?.addEventListener("click", (event) => {
  for (const one of event.target.form.querySelectorAll('input[type="radio"][value="nothing"]')) {
    one.checked = true;
  }
});
