// Confirms a form with one of the person's own keys: asks for a challenge, has the key sign it, and sends the form.
"use strict";

(() => {
  if (document.documentElement.dataset.confirmsByKey) return; // a page may hold several such forms
  document.documentElement.dataset.confirmsByKey = "1";

  const proof = async (address, token) => {
    const answer = await fetch(address, {
      method: "POST",
      headers: { "X-CSRFToken": token, Accept: "application/json" },
      cache: "no-store",
    });
    if (!answer.ok) throw new Error(answer.status);
    return keys.prove((await answer.json()).publicKey);
  };

  document.querySelectorAll("[data-confirm-by-key]").forEach((place) => {
    const form = place.closest("form");
    const status = place.querySelector("[role=status]");
    const button = place.querySelector("button");
    if (!window.PublicKeyCredential) {
      status.textContent = place.dataset.unknown;
      return;
    }
    status.textContent = "";
    button.disabled = false;
    button.addEventListener("click", async () => {
      if (!form.reportValidity()) return; // nobody touches a key for a form that is not filled in
      status.textContent = place.dataset.waiting;
      try {
        place.querySelector("input").value = await proof(
          place.dataset.confirmByKey,
          form.elements.csrfmiddlewaretoken.value,
        );
      } catch {
        status.textContent = place.dataset.refused;
        return;
      }
      form.requestSubmit(form.querySelector("button[type=submit]"));
    });
  });
})();
