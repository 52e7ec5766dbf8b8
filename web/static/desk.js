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
      const answer = await fetch(location.href, { headers: { Accept: "text/html", "Bbbridge-Page": "window" } });
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

  // What is wrong with a field stands below it, as it does after the form was sent.
  const mark = (input, why) => {
    const id = `w-${input.name}`;
    const old = document.getElementById(id);
    if (old) old.remove();
    const by = (input.getAttribute("aria-describedby") || "").split(" ").filter((other) => other && other !== id);
    if (why) {
      why.setAttribute("role", "alert");
      input.closest(".field").append(why);
      by.unshift(id);
    }
    for (const [name, value] of [["aria-invalid", why && "true"], ["aria-describedby", by.join(" ")]]) {
      if (value) input.setAttribute(name, value);
      else input.removeAttribute(name);
    }
  };

  // While somebody presses a button nothing moves, or the click would miss it.
  let pressed = Promise.resolve();
  document.addEventListener("pointerdown", () => {
    pressed = new Promise((released) => {
      for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => setTimeout(released, 50), { once: true });
    });
  }, true);

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
        await pressed;
        const found = page.getElementById("found");
        tried.replaceChildren(...(found ? found.childNodes : []));
        for (const input of form.querySelectorAll(".field > input:not([type=checkbox]), .field > textarea")) {
          mark(input, input.value.trim() && page.getElementById(`w-${input.name}`)); // what isn't typed yet isn't missing
        }
      } catch { /* the next change tries again, and so does the button */ }
    });
  }
})();
