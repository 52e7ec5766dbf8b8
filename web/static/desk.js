// What the pages of staff do by themselves, besides app.js.
"use strict";
(() => {
  // A form that can be tried is, as soon as a field of it is left.
  const form = document.querySelector("form[data-try]");
  const tried = document.getElementById("tried");
  let running;
  if (form && tried) {
    form.addEventListener("change", async () => {
      if (running) running.abort();
      running = new AbortController();
      try {
        const answer = await fetch(form.dataset.try, {
          method: "POST", body: new URLSearchParams(new FormData(form)), signal: running.signal,
        });
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const found = page.getElementById("found");
        tried.replaceChildren(...(found ? found.childNodes : []));
      } catch { /* the next change tries again, and so does the button */ }
    });
  }
})();
