// What pages do by themselves. Each of them works without it as well.
"use strict";
(() => {
  const html = document.documentElement;
  const main = document.querySelector("main");
  const each = (selector, act, root = document) => root.querySelectorAll(selector).forEach(act);

  const gone = (answer) => answer && answer.status >= 400 && answer.status < 500 && answer.status !== 429;

  // Times, in the browser's zone, in the forms of the page's language. What is
  // right already is left alone.
  const fill = (form, parts) => form.replace(/\{(\w+)\}/g, (_, name) => parts[name]);
  const two = (n) => String(n).padStart(2, "0");
  const say = (form, at, months, weekdays) => fill(html.dataset[form], {
    Hour: two(at.getHours()),
    Minute: two(at.getMinutes()),
    Weekday: html.dataset[weekdays || "weekdays"].split(" ")[at.getDay()],
    Day: at.getDate(),
    Month: html.dataset[months || "months"].split(" ")[at.getMonth()],
    Year: at.getFullYear(),
  });
  const clock = (at) => say("clock", at);
  const day = (at) => say(at.getFullYear() === new Date().getFullYear() ? "day" : "day_and_year", at);
  const kinds = {
    clock,
    day,
    moment: (at) => fill(html.dataset.moment, { Day: day(at), Clock: clock(at) }),
    date: (at) => say("date", at, "months_long", "weekdays_long"),
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

  // Dialogs in place of a page that asks once more. What stands in the page may
  // be put anew at any time, so the document listens.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    const dialog = opener && document.getElementById(opener.dataset.dialog);
    if (dialog && dialog.showModal) {
      event.preventDefault();
      dialog.showModal();
      return;
    }
    const open = event.target.closest("dialog");
    if (open && (event.target === open || event.target.closest("[data-close]"))) open.close();
  });

  // A click on what opens a window counts once: until it is there, the button
  // says so.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const button = form.querySelector("button");
    if (form.target !== "_blank" || !button) return;
    const label = [...button.childNodes];
    setTimeout(() => {
      button.disabled = true;
      button.replaceChildren(html.dataset.opening);
    });
    setTimeout(() => {
      button.disabled = false;
      button.replaceChildren(...label);
    }, 4000);
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

  // A search leaves of a long list what has the typed words in it, and what is
  // chosen already. Accents and capitals make no difference.
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  each("[data-search]", (search) => {
    const items = [...document.getElementById(search.dataset.search).children];
    const found = document.getElementById("found");
    search.addEventListener("input", (event) => {
      event.stopPropagation(); // nothing is chosen by it
      const words = plain(search.value).split(/\s+/);
      let some = false;
      for (const item of items) {
        const matches = words.every((word) => plain(item.textContent).includes(word));
        item.hidden = !matches && !item.querySelector("input").checked;
        some ||= matches;
      }
      found.textContent = some ? "" : found.dataset.none;
    });
    search.addEventListener("keypress", (event) => {
      if (event.key === "Enter") event.preventDefault(); // it sends no form
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
  const { next, send, seconds } = main.dataset;
  if (next) setTimeout(() => location.assign(next), seconds * 1000);
  if (send) setTimeout(() => document.getElementById(send).submit(), seconds * 1000);

  // A page of a room asks how things stand. When that has changed, and now and
  // then, it fetches itself again and puts in place what is new: nothing is
  // loaded anew, no focus is lost, and what was opened stays open. One that
  // waits in a window of its own goes in when it can.
  const { poll } = main.dataset;
  if (!poll && !main.dataset.refresh) return;
  const offline = document.getElementById("offline");
  const place = window.self === window.top ? "window" : "frame";
  const kept = {}; // parts as they came, by id: what the script has changed in them is no news
  each("[data-live]", (part) => { kept[part.id] = part.innerHTML; });

  const connected = (yes) => {
    if (offline) offline.hidden = yes;
  };
  const get = async (address, headers) => {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), 20000);
    try {
      return await fetch(address, { headers, cache: "no-store", signal: limit.signal });
    } finally {
      clearTimeout(timer);
    }
  };

  const putInPlace = (part, fresh) => {
    if (!fresh || fresh.innerHTML === kept[part.id]) return;
    kept[part.id] = fresh.innerHTML;
    const nameOf = (details) => details.id || details.querySelector("summary").textContent;
    const open = new Set();
    each("details[open]", (details) => open.add(nameOf(details)), part);
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    const at = focused ? [...part.querySelectorAll("a, button, summary")].indexOf(focused) : -1;
    retime(fresh);
    each("details", (details) => { details.open = open.has(nameOf(details)); }, fresh);
    // The part itself stays: a live region that is new tells nobody anything.
    part.replaceChildren(...fresh.childNodes);
    if (focused) {
      const targets = part.querySelectorAll("a, button, summary");
      const target = targets[at] || targets[0] || main;
      if (target === main) main.tabIndex = -1;
      target.focus({ preventScroll: true });
    }
  };
  const update = async () => {
    if (document.querySelector("dialog[open]")) return;
    const answer = await get(location.href, { "Bbbridge-Page": place });
    if (gone(answer) || answer.redirected) { // the visit is over, or the link leads to another room now
      location.reload();
      return;
    }
    if (!answer.ok) throw new Error("no page");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("main");
    if (!fresh || !fresh.dataset.state && main.dataset.state) throw new Error("another page");
    each("[data-live]", (part) => putInPlace(part, page.getElementById(part.id)));
    for (const name of ["state", "go", "refresh"]) {
      if (name in fresh.dataset) main.dataset[name] = fresh.dataset[name];
      else delete main.dataset[name];
    }
  };

  const calm = ["running", "inside", "ended", "no_server"];
  let pause = 3000; // what has just begun or ended may not be known yet
  let updated = Date.now();
  let timer;
  const later = (time) => {
    clearTimeout(timer);
    timer = setTimeout(ask, time * (0.8 + 0.4 * Math.random()));
  };
  const ask = async () => {
    try {
      if (document.hidden && !main.dataset.go) { // nobody looks, and nobody waits
        later(10000);
        return;
      }
      let now = main.dataset;
      if (poll) {
        const answer = await get(poll, { Accept: "application/json" });
        if (gone(answer)) {
          location.reload(); // the visit is over: the page says so
          return;
        }
        if (!answer.ok) throw new Error("no answer");
        now = await answer.json();
      }
      if (now.state === "running" && main.dataset.go) {
        const { go } = main.dataset;
        setTimeout(() => location.assign(go), now.wait || 0);
        later((now.wait || 0) + 20000);
        return;
      }
      const { refresh } = main.dataset; // in seconds
      if (now.state !== main.dataset.state || refresh && Date.now() - updated >= refresh * 1000) {
        await update();
        updated = Date.now();
      }
      connected(true);
      pause = calm.includes(main.dataset.state) && !main.dataset.go ? 10000 : 3000;
    } catch {
      connected(false);
      pause = Math.min(pause * 2, 20000);
    }
    later(pause);
  };
  later(pause);
  const soon = () => { later(100); };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
  window.addEventListener("online", soon);
  document.addEventListener("submit", (event) => {
    if (event.target.target === "_blank") {
      updated = 0;
      later(2500);
    }
  });
})();
