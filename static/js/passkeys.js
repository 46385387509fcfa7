// Passkeys (WebAuthn Level 2 §5.1): asks the browser, then sends its answer as an ordinary form.
// Without this file, or on a browser that knows no passkey, the other ways in are there.

const isPossible = window.isSecureContext && "credentials" in navigator && "PublicKeyCredential" in window;

const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const withBytes = (credentials = []) => credentials.map((known) => ({ ...known, id: toBytes(known.id) }));

function decoded({ publicKey }) {
  const options = { ...publicKey, challenge: toBytes(publicKey.challenge) };
  if (options.user) options.user = { ...options.user, id: toBytes(options.user.id) };
  options.excludeCredentials = withBytes(options.excludeCredentials);
  options.allowCredentials = withBytes(options.allowCredentials);
  return { publicKey: options };
}

function encoded(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  const { id, type, authenticatorAttachment } = credential;
  const clientExtensionResults = credential.getClientExtensionResults();
  return { id, rawId: id, type, authenticatorAttachment, clientExtensionResults, response };
}

async function optionsOf(form) {
  const { passkeyUrl, passkeyOptions } = form.dataset;
  if (!passkeyUrl) return JSON.parse(document.getElementById(passkeyOptions).textContent);
  const answer = await fetch(passkeyUrl, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.json();
}

async function ask(form) {
  const options = await optionsOf(form);
  const asked = decoded(options.creation_options ?? options.request_options);
  const method = form.dataset.passkey; // get or create
  form.elements.credential.value = JSON.stringify(encoded(await navigator.credentials[method](asked)));
  form.submit();
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const show = (kind) => {
    for (const error of form.querySelectorAll("[data-passkey-error]")) {
      error.hidden = error.dataset.passkeyError !== kind;
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show("");
    // The machine has a passkey of this space already (§5.1.3): trying again would not help.
    ask(form).catch((error) => show(error.name === "InvalidStateError" ? "known" : "failed"));
  });
}

if (isPossible) {
  for (const area of document.querySelectorAll("[data-passkey-area]")) area.hidden = false;
  for (const notice of document.querySelectorAll("[data-passkey-missing]")) notice.hidden = true;
}
