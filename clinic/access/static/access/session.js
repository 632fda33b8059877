// Says that the session is about to end, and leaves the page when it did. Without scripts the page's foot says how long
// a session lasts, and the next click leads to the login.
"use strict";

(() => {
  const warning = document.getElementById("session-warning");
  if (!warning) return;
  const warnSeconds = Number(warning.dataset.warn);
  const words = warning.querySelector("[data-left]");
  const stay = warning.querySelector("form");
  let end = Date.now() + 1000 * Number(warning.dataset.idle);

  const left = () => Math.round((end - Date.now()) / 1000);

  const ask = async () => {
    // other windows of the same browser share the session, so only the server knows how long it lasts
    const answer = await fetch(warning.dataset.ask, {
      headers: { Accept: "application/json", "X-Unattended": "1" },
      cache: "no-store",
    });
    if (!answer.ok) throw new Error(answer.status);
    end = Date.now() + 1000 * (await answer.json()).seconds;
  };

  const leave = () => {
    // what the page shows must not stay on a screen that nobody watches
    document.getElementById("content").replaceChildren();
    location.assign(warning.dataset.login);
  };

  const show = () => {
    const seconds = left();
    const minutes = Math.ceil(seconds / 60);
    const said = warning.dataset;
    words.textContent = seconds > 60 ? said.minutes.replace("{minutes}", minutes) : seconds > 30 ? said.soon : said.now;
  };

  const watch = async () => {
    if (left() <= warnSeconds) {
      try {
        await ask();
      } catch {
        // the server does not answer now; the clock of this page goes on
      }
    }
    const seconds = left();
    if (seconds <= 0) return leave();
    const late = seconds <= warnSeconds;
    if (late) show();
    warning.hidden = !late;
    // near the end every few seconds, since another window may have said that somebody is there
    setTimeout(watch, late ? 1000 * Math.min(5, seconds) : 1000 * (seconds - warnSeconds));
  };

  const renew = async () => {
    const answer = await fetch(stay.action, {
      method: "POST",
      body: new FormData(stay),
      headers: { Accept: "application/json" },
    });
    if (!answer.ok) return leave();
    end = Date.now() + 1000 * (await answer.json()).seconds;
  };

  stay.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await renew();
    } catch {
      return stay.submit();
    }
    if (warning.contains(document.activeElement)) document.getElementById("content").focus({ preventScroll: true });
    warning.hidden = true;
  });

  // who writes a long reason is there, though nothing is sent for a while
  ["keydown", "pointerdown"].forEach((sign) =>
    document.addEventListener(sign, () => {
      if (!warning.hidden || left() > 0.75 * Number(warning.dataset.idle)) return;
      end = Date.now() + 1000 * Number(warning.dataset.idle);
      renew().catch(() => {});
    }),
  );

  setTimeout(watch, 1000 * (left() - warnSeconds));
})();
