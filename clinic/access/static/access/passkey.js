// Asks the browser for a new key, or for proof of one that is known, and sends the answer with the form.
"use strict";

document.querySelectorAll("form[data-passkey]").forEach((form) => {
  const status = form.querySelector("[role=status]");
  if (!window.PublicKeyCredential) {
    status.textContent = form.dataset.unknown;
    return;
  }
  status.textContent = "";
  form.querySelectorAll("[disabled]").forEach((button) => button.removeAttribute("disabled"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const asked = JSON.parse(form.dataset.options).publicKey;
    const answer = form.dataset.passkey === "create" ? keys.create : keys.prove;
    status.textContent = form.dataset.asked;
    try {
      form.elements.credential.value = await answer(asked);
    } catch (error) {
      status.textContent = error.name === "InvalidStateError" ? form.dataset.known : form.dataset.unfinished;
      return;
    }
    form.submit();
  });
});
