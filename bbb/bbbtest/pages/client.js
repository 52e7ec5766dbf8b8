// The classroom without reloads: it asks for its moving parts every two
// seconds, sends forms quietly, and says so when the tab goes away.
"use strict";
const { live, gone } = document.body.dataset;

function show(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  for (const part of fresh.querySelectorAll("[data-for]")) {
    const place = document.getElementById(part.dataset.for);
    if (place.dataset.was === part.innerHTML) continue;
    place.dataset.was = part.innerHTML;
    const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
    place.innerHTML = part.innerHTML;
    if (focused) document.getElementById(focused)?.focus();
    if (place.id === "chat") place.scrollTop = place.scrollHeight;
  }
}

async function look() {
  try {
    const answer = await fetch(live, { cache: "no-store" });
    const text = await answer.text();
    if (answer.status === 410) location.replace(text);
    else if (answer.ok) show(text);
  } catch {
    // The server is away for a moment: the next look tells.
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!("quiet" in form.dataset)) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  form.querySelector("#say")?.form.reset();
  await fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => {});
  look();
});
window.addEventListener("pagehide", () => navigator.sendBeacon(gone));
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
setInterval(look, 2000);
look();
