// What the pages of staff do by themselves, besides app.js.
"use strict";
(() => {
  // What goes on at the server is shown as it goes on: the part of the page is put
  // anew, until it asks for no more.
  const follow = () => {
    const part = document.querySelector("[data-desk-live][data-again]");
    if (part) setTimeout(() => again(part), Number(part.dataset.again));
  };
  const again = async (part) => {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = page.getElementById(part.id);
      if (answer.redirected || !answer.ok || !next) {
        if (answer.status < 500) location.reload();
      } else if (next.innerHTML !== part.innerHTML) {
        part.replaceWith(next);
      }
    } catch {
      // without a connection: once more
    }
    follow();
  };
  follow();

  // A form that can be tried is tried when a field is left.
  const form = document.querySelector("form[data-check]");
  if (form) {
    const finding = document.getElementById("finding");
    let asked = "";
    form.addEventListener("change", async () => {
      const body = new URLSearchParams(new FormData(form));
      const now = body.toString();
      if (now === asked || !["server_url", "server_secret"].every((name) => body.get(name))) return;
      asked = now;
      finding.textContent = form.dataset.checking;
      try {
        const answer = await fetch(form.dataset.check, { method: "POST", body });
        const text = await answer.text();
        if (asked !== now) return;
        finding.innerHTML = "";
        if (answer.ok) {
          const page = new DOMParser().parseFromString(text, "text/html");
          const found = page.getElementById("finding");
          if (found) finding.replaceChildren(...found.childNodes);
        }
      } catch {
        finding.textContent = "";
      }
    });
  }
})();
