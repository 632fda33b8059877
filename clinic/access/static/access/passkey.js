// Asks the browser for a new key, or for proof of one that is known, and sends the answer with the form.
"use strict";

(() => {
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const create = async (asked) => {
    const made = await navigator.credentials.create({
      publicKey: {
        ...asked,
        challenge: bytes(asked.challenge),
        user: { ...asked.user, id: bytes(asked.user.id) },
        excludeCredentials: known(asked.excludeCredentials),
      },
    });
    return {
      clientDataJSON: text(made.response.clientDataJSON),
      attestationObject: text(made.response.attestationObject),
      credential: made,
    };
  };

  const prove = async (asked) => {
    const proof = await navigator.credentials.get({
      publicKey: {
        ...asked,
        challenge: bytes(asked.challenge),
        allowCredentials: known(asked.allowCredentials),
      },
    });
    return {
      clientDataJSON: text(proof.response.clientDataJSON),
      authenticatorData: text(proof.response.authenticatorData),
      signature: text(proof.response.signature),
      userHandle: proof.response.userHandle ? text(proof.response.userHandle) : null,
      credential: proof,
    };
  };

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
      status.textContent = form.dataset.asked;
      try {
        const { credential, ...response } = await (form.dataset.passkey === "create" ? create(asked) : prove(asked));
        form.elements.credential.value = JSON.stringify({
          id: credential.id,
          rawId: text(credential.rawId),
          type: credential.type,
          authenticatorAttachment: credential.authenticatorAttachment,
          clientExtensionResults: credential.getClientExtensionResults(),
          response,
        });
      } catch (error) {
        status.textContent =
          error.name === "InvalidStateError"
            ? form.dataset.known
            : form.dataset.unfinished;
        return;
      }
      form.submit();
    });
  });
})();
