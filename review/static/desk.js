// What every page of the desk does by script; without it everything still works by forms.

document.documentElement.classList.add("scripted");

// A page that the browser kept whole and shows again may be of somebody who has signed out.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});

for (const control of document.querySelectorAll("[data-sends]")) {
  control.addEventListener("change", () => control.form.requestSubmit());
}

/** Whether somebody is writing: then letters are letters, and no keys of ours. */
export function isWriting(target) {
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

const keys = document.getElementById("keys");
document.addEventListener("keydown", (event) => {
  if (isWriting(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "?") {
    event.preventDefault();
    if (!keys.open) keys.showModal();
  }
});

// A question before what cannot be undone; the words come with the form.
for (const form of document.querySelectorAll("form[data-asks]")) {
  form.addEventListener("submit", (event) => {
    if (!window.confirm(form.dataset.asks)) event.preventDefault();
  });
}

// What takes a while says so, and is not asked for twice.
for (const form of document.querySelectorAll("form[data-waits]")) {
  form.addEventListener("submit", () => {
    const button = form.querySelector("button");
    button.disabled = true;
    button.textContent = form.dataset.waits;
  });
}

// Open menus close when one goes elsewhere.
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("header details[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const open of document.querySelectorAll("header details[open]")) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});
