// Warns before the session ends. The server decides and ends it by itself: nothing here is needed
// for safety.

const WARNING = 120_000;
const dialog = document.getElementById("fin-de-session");
const extendForm = dialog.querySelector("[data-extend]");
const overForm = dialog.querySelector("[data-over]");
const { session } = dialog.dataset;
const tabs = new BroadcastChannel("session");
let end = Date.now() + dialog.dataset.seconds * 1000;
let dismissed = false;
let edited = null;

function prolong(time) {
  end = time;
  // Its longest is nearly reached: said once, it is not said again.
  dismissed = end - Date.now() <= WARNING;
  if (dialog.open) dialog.close();
}

function warn() {
  const time = new Date(end).toLocaleTimeString("fr-FR", { hour: "2-digit", minute: "2-digit" });
  dialog.querySelector("[data-time]").textContent = time;
  dialog.showModal();
}

// What was typed goes to an address that only puts it aside; the screen is emptied at once.
function finish() {
  clearInterval(timer);
  const form = edited?.elements._titulaire ? edited : overForm;
  for (const secret of form.querySelectorAll("[type=password], [type=file]")) secret.disabled = true;
  const page = document.createElement("input");
  Object.assign(page, { type: "hidden", name: "_page", value: location.pathname });
  form.append(page);
  form.setAttribute("action", overForm.action);
  form.setAttribute("enctype", "application/x-www-form-urlencoded");
  HTMLFormElement.prototype.submit.call(form);
  if (dialog.open) dialog.close();
  document.body.hidden = true;
}

function check() {
  const left = end - Date.now();
  if (left <= 0) finish();
  else if (left <= WARNING && !dialog.open && !dismissed) warn();
}

async function extend(event) {
  event.preventDefault();
  const options = { method: "POST", body: new FormData(extendForm), redirect: "manual" };
  const response = await fetch(extendForm.action, options).catch(() => null);
  // Without a network the warning stays, to try again; refused, the session is over already.
  if (response === null) return;
  if (!response.ok) return finish();
  prolong(Date.now() + (await response.json()).seconds * 1000);
  tabs.postMessage({ session, end });
}

const timer = setInterval(check, 1000);
document.addEventListener("visibilitychange", check);
document.querySelector("main").addEventListener("input", (event) => { edited = event.target.form; });
extendForm.addEventListener("submit", extend);
dialog.addEventListener("cancel", () => { dismissed = true; });
dialog.querySelector("[data-dismiss]").addEventListener("click", () => {
  dismissed = true;
  dialog.close();
});
// A page opened in another tab is activity too.
tabs.addEventListener("message", ({ data }) => {
  if (data.session === session && data.end > end) prolong(data.end);
});
tabs.postMessage({ session, end });
