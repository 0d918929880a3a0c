// Signing with a finger, a pen or the mouse. Strokes are kept in the field's own units, so that a
// larger screen makes no larger signature; without this script a name can be typed instead.

const PEN = 9;
const LEAST = 3; // units between two points that are kept

class Pad {
  constructor(root) {
    this.canvas = root.querySelector("canvas");
    this.input = root.querySelector("input");
    this.pen = this.canvas.getContext("2d");
    this.strokes = this.kept();
    this.drawing = null;
    root.classList.add("ready");
    root.querySelector("[hidden]").hidden = false;
    this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
    this.canvas.addEventListener("pointermove", (event) => this.go(event));
    for (const over of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(over, (event) => this.end(event));
    }
    root.querySelector("[data-undo]").addEventListener("click", () => this.change(() => this.strokes.pop()));
    root.querySelector("[data-clear]").addEventListener("click", () => this.change(() => { this.strokes = []; }));
    this.draw();
  }

  /** What was drawn before the page came back with something to mend. */
  kept() {
    try {
      const read = JSON.parse(this.input.value || "[]");
      return Array.isArray(read) ? read : [];
    } catch {
      return [];
    }
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const within = (value, most) => Math.min(most, Math.max(0, Math.round(value)));
    return [
      within(((event.clientX - box.left) / box.width) * this.canvas.width, this.canvas.width),
      within(((event.clientY - box.top) / box.height) * this.canvas.height, this.canvas.height),
    ];
  }

  begin(event) {
    if (event.button > 0 || this.drawing !== null) return; // a second finger is the hand's edge
    event.preventDefault();
    this.drawing = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.strokes.push([this.place(event)]);
    this.draw();
  }

  go(event) {
    if (event.pointerId !== this.drawing) return;
    const stroke = this.strokes.at(-1);
    const steps = event.getCoalescedEvents?.() ?? [];
    for (const step of steps.length ? steps : [event]) {
      const [x, y] = this.place(step);
      const [lastX, lastY] = stroke.at(-1);
      if (Math.hypot(x - lastX, y - lastY) >= LEAST) stroke.push([x, y]);
    }
    this.draw();
  }

  end(event) {
    if (event.pointerId !== this.drawing) return;
    this.drawing = null;
    this.change(() => {});
  }

  change(how) {
    how();
    this.input.value = this.strokes.length ? JSON.stringify(this.strokes) : "";
    this.draw();
  }

  draw() {
    const { pen, canvas } = this;
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.lineWidth = 2;
    pen.strokeStyle = "#8a949c";
    pen.beginPath();
    pen.moveTo(30, canvas.height - 50);
    pen.lineTo(canvas.width - 30, canvas.height - 50);
    pen.stroke();
    pen.lineWidth = PEN;
    pen.lineCap = pen.lineJoin = "round";
    pen.strokeStyle = "#1a1a1a";
    for (const stroke of this.strokes) {
      pen.beginPath();
      pen.moveTo(...stroke[0]);
      for (const point of stroke.length > 1 ? stroke.slice(1) : stroke) pen.lineTo(...point);
      pen.stroke();
    }
  }
}

for (const root of document.querySelectorAll("[data-pad]")) new Pad(root);
