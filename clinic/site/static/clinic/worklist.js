// Keys of the worklist: / to the search field, j and k to the next and the previous patient. All of it works without.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, select, textarea")) return;
  if (event.key === "/") {
    event.preventDefault();
    document.getElementById("q").focus();
    return;
  }
  if (event.key !== "j" && event.key !== "k") return;
  const links = [...document.querySelectorAll("[data-row]")];
  const at = links.indexOf(document.activeElement);
  const next = event.key === "j" ? at + 1 : at < 0 ? links.length - 1 : at - 1;
  if (links[next]) links[next].focus();
});
