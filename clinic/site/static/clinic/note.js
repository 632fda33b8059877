// Copy and print buttons of the comparison page. Without scripts the plain-text page and the browser's own menu do the same.
"use strict";

document.querySelectorAll("[data-copy]").forEach((button) => {
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    const status = document.getElementById("copied");
    try {
      await navigator.clipboard.writeText(source.textContent);
      status.textContent = status.dataset.done;
    } catch {
      // not allowed to write to the clipboard: select the text, so that one keystroke copies it
      source.closest("details").open = true;
      window.getSelection().selectAllChildren(source);
      status.textContent = status.dataset.selected;
    }
  });
});

document.querySelectorAll("[data-print]").forEach((button) => {
  button.addEventListener("click", () => window.print());
});
