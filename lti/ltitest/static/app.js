// Everything here only saves a click or a reload: the pages work without it.
"use strict";

// A form that goes on by itself.
const form = document.querySelector("form[data-submit]");
if (form) form.submit();

// A page in a frame that leads back to the course around it.
const leave = document.querySelector("[data-leave]");
if (leave) window.top.location.replace(leave.dataset.leave);

// A tool that has registered itself says when it is done.
const registering = document.querySelector("iframe[data-close]");
if (registering) {
  addEventListener("message", (event) => {
    if (event.source === registering.contentWindow && event.data && event.data.subject === "org.imsglobal.lti.close") {
      location.assign(registering.dataset.close);
    }
  });
}

// The gradebook follows what arrives.
const live = document.querySelector("[data-live]");
if (live) {
  const refresh = async () => {
    if (!document.hidden) {
      try {
        const answer = await fetch(location.href, { cache: "no-store" });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.querySelector("[data-live]");
        if (answer.ok && fresh && fresh.innerHTML !== live.innerHTML) live.innerHTML = fresh.innerHTML;
      } catch (e) {
        // The LMS is away; the next round tries again.
      }
    }
    setTimeout(refresh, 2000);
  };
  setTimeout(refresh, 2000);
}
