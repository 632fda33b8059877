// Says when what a page renews by itself is being renewed, and when no answer came: then it is not taken for the newest.
// What `data-failed` names is shown in that case, and the old answer hidden; else the page's own notice, beside it.
"use strict";

const ANSWERED = (status) => (status >= 200 && status < 400) || status === 429; // 429 says itself when to try again

const noticeOf = (asker) => document.getElementById(asker.dataset.failed || "not-renewed");

const setBusy = (target, busy) => {
  if (busy) target.setAttribute("aria-busy", "true");
  else target.removeAttribute("aria-busy");
};

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-failed]");
  if (form) setBusy(document.querySelector(form.getAttribute("hx-target")), true); // an answer to what was typed before
});

document.addEventListener("htmx:beforeRequest", (event) => setBusy(event.detail.target, true));

document.addEventListener("htmx:afterRequest", (event) => {
  const { requestConfig, target, xhr } = event.detail;
  const asker = requestConfig.elt; // `elt` is where the event is told, another one where the asker was replaced
  setBusy(target, false);
  const notice = noticeOf(asker);
  if (!ANSWERED(xhr.status)) return;
  if (asker.dataset.failed) target.hidden = false;
  if (notice && notice.dataset.by === asker.id) notice.hidden = true;
});

for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  document.addEventListener(name, (event) => {
    const { requestConfig, target, xhr } = event.detail;
    const asker = requestConfig.elt;
    const notice = noticeOf(asker);
    if (!notice || ANSWERED(xhr.status)) return;
    if (asker.dataset.failed) target.hidden = true;
    notice.dataset.by = asker.id;
    notice.hidden = false;
  });
}
