// A page that waits for something looks again by itself, without being loaded anew, so that
// whoever reads it is not thrown back to its top. Without this script there is a button.

const EVERY = 2000; // milliseconds
// No longer than ten minutes: nobody stays signed in because a page asks for itself.
let left = 300;

async function look() {
  const waiting = document.querySelector("[data-waits]");
  if (!waiting) return;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    const found = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = found.getElementById("main");
    if (answer.ok && now && now.textContent !== document.getElementById("main").textContent) {
      document.getElementById("main").replaceChildren(...now.childNodes);
    }
  } catch {
    // The desk is not to be reached just now: the next time perhaps.
  }
  left -= 1;
  if (left > 0) setTimeout(look, EVERY);
}
setTimeout(look, EVERY);
