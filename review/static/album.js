// An album: files are sent one by one as they are, the page follows what becomes of them.

import { isWriting } from "./desk.js";

const drop = document.getElementById("drop");
const progress = document.getElementById("progress");
const tiles = document.getElementById("tiles");

// --- sending ---------------------------------------------------------------------------

async function filesOf(entry) {
  if (entry.isFile) return [await new Promise((good, bad) => entry.file(good, bad))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((good, bad) => reader.readEntries(good, bad));
    if (!some.length) return found;
    for (const one of some) found.push(...(await filesOf(one)));
  }
}

async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  const found = [];
  for (const entry of entries) found.push(...(await filesOf(entry)));
  return found;
}

async function send(files) {
  const sent = document.getElementById("sent");
  const refused = document.getElementById("refused");
  refused.replaceChildren();
  let number = 0;
  for (const file of files) {
    number += 1;
    sent.textContent = drop.dataset.sending
      .replace("{n}", number)
      .replace("{total}", files.length)
      .replace("{name}", file.name);
    let problem = null;
    try {
      const answer = await fetch(drop.dataset.upload, {
        method: "POST",
        body: file,
        headers: {
          "Content-Type": "application/octet-stream",
          "X-File-Name": encodeURIComponent(file.name),
          Accept: "application/json",
        },
      });
      if (!answer.ok) problem = (await answer.json()).problem;
    } catch {
      problem = drop.dataset.failed;
    }
    if (problem) {
      const line = document.createElement("li");
      line.textContent = `${file.name}: ${problem}`;
      refused.append(line);
    }
    follow();
  }
  sent.textContent = drop.dataset.done;
}

if (drop) {
  const input = document.getElementById("files");
  const take = () => {
    const files = [...input.files];
    input.value = "";
    if (files.length) send(files);
  };
  input.addEventListener("change", take);
  // Somebody may have been faster than this script.
  take();
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", async (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    send(await dropped(event.dataTransfer));
  });
}

// --- following -------------------------------------------------------------------------

let waiting = null;

async function follow() {
  clearTimeout(waiting);
  waiting = null;
  let told;
  try {
    const answer = await fetch(progress.dataset.state, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    told = await answer.json();
  } catch {
    waiting = setTimeout(follow, 5000);
    return;
  }
  document.getElementById("said").textContent = told.said;
  const bar = document.getElementById("bar");
  bar.hidden = !told.running;
  bar.max = told.total || 1;
  bar.value = told.done;
  show(told);
  if (told.running) waiting = setTimeout(follow, 1500);
  else if (progress.dataset.running === "yes") progress.dataset.running = "no";
}

// Made by our own server, with everything that is not ours escaped.
function put(place, html) {
  if (html.trim() === place.dataset.html) return;
  place.dataset.html = html.trim();
  const parsed = new DOMParser().parseFromString(`<ul>${html}</ul>`, "text/html");
  place.replaceChildren(...parsed.querySelector("ul").childNodes);
}

function show(told) {
  const chosen = document.activeElement?.dataset?.item;
  if (told.tiles.trim()) {
    for (const empty of document.querySelectorAll(".empty")) empty.hidden = true;
  }
  put(tiles, told.tiles);
  put(document.getElementById("verdicts"), told.tabs);
  if (chosen) tiles.querySelector(`[data-item="${CSS.escape(chosen)}"]`)?.focus();
}

if (progress.dataset.running === "yes") follow();

// --- keys ------------------------------------------------------------------------------

document.addEventListener("keydown", (event) => {
  if (isWriting(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { j: 1, k: -1 }[event.key];
  if (!step) return;
  const all = [...tiles.querySelectorAll("a")];
  const now = all.indexOf(document.activeElement);
  const next = all[now < 0 ? (step > 0 ? 0 : all.length - 1) : now + step];
  if (next) {
    event.preventDefault();
    next.focus();
  }
});
