// Opens a record beside the timeline. Without scripts, and with a modifier key, its link leads to a page of its own.
"use strict";

const RECORD = /\/records\/(sample|dose|order)\/\d+$/;

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest(".chart a");
  const address = link && link.getAttribute("href");
  const panel = document.getElementById("record");
  if (!address || !panel || !RECORD.test(address) || !window.htmx) return;
  event.preventDefault();
  window.htmx.ajax("GET", address, { target: "#record", swap: "innerHTML" }).then(() => {
    panel.scrollIntoView({ block: "nearest" });
    panel.focus({ preventScroll: true });
  });
});
