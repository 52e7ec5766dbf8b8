// What pages do by themselves. Each of them works without it as well.
"use strict";
(() => {
  const html = document.documentElement;
  const main = document.querySelector("main");
  const each = (selector, act, root = document) => root.querySelectorAll(selector).forEach(act);

  const gone = (answer) => answer && answer.status >= 400 && answer.status < 500 && answer.status !== 429;

  // Times, in the browser's zone. What is right already is left alone.
  const language = html.lang === "en" ? "en-GB" : html.lang;
  const say = (options, at) => {
    const text = new Intl.DateTimeFormat(language, options).format(at);
    return html.lang === "en" ? text.replace(",", "") : text;
  };
  const two = (n) => String(n).padStart(2, "0");
  const clock = (at) => two(at.getHours()) + html.dataset.separator + two(at.getMinutes());
  const day = (at) => {
    const year = at.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
    return say({ weekday: "short", day: "numeric", month: "short", year }, at);
  };
  const kinds = {
    clock,
    day,
    moment: (at) => day(at) + (html.lang === "en" ? " " : ", ") + clock(at),
    date: (at) => say({ weekday: "long", day: "numeric", month: "long", year: "numeric" }, at),
  };
  const shownOffset = (text) => {
    const parts = /([+-])(\d\d):(\d\d)$/.exec(text);
    return parts ? (parts[1] === "+" ? -1 : 1) * (parts[2] * 60 + Number(parts[3])) : 0;
  };
  const retime = (root) => {
    each("time[data-t], text[data-at]", (element) => {
      const text = element.dateTime || element.dataset.at;
      const at = new Date(text);
      if (at.getTimezoneOffset() !== shownOffset(text)) {
        element.textContent = kinds[element.dataset.t || "clock"](at);
      }
    }, root);
  };
  retime(document);

  // What was just done is told once, not again after a reload.
  const here = new URL(location.href);
  if (here.searchParams.has("said")) {
    here.searchParams.delete("said");
    history.replaceState(history.state, "", here);
  }

  // Dialogs in place of a page that asks once more.
  each("[data-dialog]", (opener) => {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (!dialog || !dialog.showModal) return;
    opener.addEventListener("click", (event) => {
      event.preventDefault();
      dialog.showModal();
    });
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
    });
  });

  // Copying. Frames often have no clipboard, but may still copy a selection.
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      area.className = "vh";
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };
  each("[data-copy-text]", (button) => {
    const label = button.textContent;
    button.addEventListener("click", async (event) => {
      event.preventDefault();
      await copy(document.getElementById(button.dataset.copyText).textContent);
      button.style.minWidth = button.offsetWidth + "px";
      button.textContent = html.dataset.copied;
      setTimeout(() => { button.textContent = label; }, 2000);
      button.focus();
    });
  });

  each("[data-print]", (button) => button.addEventListener("click", () => window.print()));

  // Whoever fills a field has chosen what it belongs to.
  each(".choice .unit input", (input) => {
    input.addEventListener("input", () => { input.closest(".choice").querySelector("[type=radio]").checked = true; });
  });
  each("[data-choices] .card", (card) => {
    card.addEventListener("input", () => {
      const choice = card.querySelector("[name=choice]");
      if (choice.type === "radio") choice.checked = true;
    });
  });

  // The frame says what happened when its window has opened.
  each("form[data-after]", (form) => {
    form.addEventListener("submit", () => setTimeout(() => {
      const after = document.getElementById(form.dataset.after);
      document.getElementById(form.dataset.before).hidden = true;
      after.hidden = false;
      after.focus();
    }, 300));
  });

  // A page of somebody's visit says that it is open, and is gone when the visit
  // is over: it is asked for again, and so it is when a browser has kept it for
  // its back button, where nobody shall see it meanwhile.
  const alive = document.querySelector("[data-alive]");
  if (alive) {
    setInterval(async () => {
      const answer = await fetch(alive.dataset.alive, { cache: "no-store" }).catch(() => null);
      if (gone(answer)) location.reload();
    }, 4 * 60 * 1000);
    window.addEventListener("pagehide", (event) => { html.hidden = event.persisted; });
    window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  }

  if (!main) return;

  // A frame waits for what is chosen in its window, and goes on with it.
  const going = document.getElementById(main.dataset.frame);
  if (going) {
    let asking = false;
    const look = async () => {
      const ask = { method: "POST", body: new URLSearchParams(new FormData(going)), headers: { Accept: "application/json" }, cache: "no-store" };
      const answer = await fetch(going.action, ask).then((a) => a.json()).catch(() => ({}));
      if (answer.state === "made") {
        going.submit();
        return;
      }
      if (answer.state === "over") {
        each("section", (section) => { section.hidden = section.id !== "over"; });
        return;
      }
      setTimeout(look, 2000);
    };
    const begin = () => {
      if (!asking) setTimeout(look, 1000);
      asking = true;
    };
    each("form[data-opens]", (form) => form.addEventListener("submit", begin));
    if (!document.getElementById("before")) begin();
  }

  // A page that goes on by itself; without scripts it does so by meta refresh.
  const { next, seconds } = main.dataset;
  if (next) setTimeout(() => location.assign(next), seconds * 1000);

  // A page that waits asks how things stand, and goes in when class is on.
  const { poll, state, go, refresh } = main.dataset;
  const calm = state === "live" || state === "ended" || state === "no_server";
  let pause = 3000; // what has just begun or ended may not be known yet
  const later = (act) => setTimeout(act, pause * (0.8 + 0.4 * Math.random()));
  const ask = async () => {
    try {
      const answer = await fetch(poll, { headers: { Accept: "application/json" }, cache: "no-store" });
      if (gone(answer)) {
        location.reload(); // the visit is over: the page says so
        return;
      }
      const now = await answer.json();
      pause = calm ? 10000 : 3000;
      if (now.state === "live" && go) {
        each("[data-text], #state span", (element) => { element.textContent = now.text; });
        setTimeout(() => location.assign(go), now.wait || 0);
        setTimeout(() => location.reload(), (now.wait || 0) + 20000);
        return;
      }
      const over = state === "ended" && now.state === "waiting"; // the page says more than the room's state does
      if (now.state && now.state !== state && !over) {
        setTimeout(() => location.reload(), now.wait || 0);
        return;
      }
    } catch {
      pause = Math.min(pause * 2, 20000);
    }
    later(ask);
  };
  if (poll) later(ask);

  // The teacher's page keeps its moving parts up to date.
  const update = async () => {
    if (document.hidden || document.querySelector("dialog[open]")) return;
    const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null);
    if (gone(answer)) {
      location.reload();
      return;
    }
    if (!answer || !answer.ok) return;
    if (answer.redirected) { // the link leads to another room now
      location.reload();
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("main[data-refresh]");
    if (!fresh) return;
    if (fresh.dataset.state !== state) {
      location.reload();
      return;
    }
    each("[data-live]", (part) => {
      const fresh = page.getElementById(part.id);
      if (!fresh || part.contains(document.activeElement)) return;
      if (part.querySelector("details[open]")) each("details", (details) => { details.open = true; }, fresh);
      retime(fresh);
      // The part itself stays: a live region that is new tells nobody anything.
      if (fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
    });
  };
  if (refresh) {
    setInterval(update, refresh * 1000);
    document.addEventListener("visibilitychange", update);
    each("form[target=_blank]", (form) => form.addEventListener("submit", () => {
      setTimeout(update, 2500);
      setTimeout(update, 6000);
    }));
  }
})();
