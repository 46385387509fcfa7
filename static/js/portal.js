// Comfort only: every page works whole without this file.

for (const button of document.querySelectorAll("[data-reveal]")) {
  const input = document.getElementById(button.dataset.reveal);
  const word = button.querySelector("[data-reveal-word]");
  button.hidden = false;
  button.addEventListener("click", () => {
    const isShown = input.type === "text";
    input.type = isShown ? "password" : "text";
    word.textContent = isShown ? "Afficher" : "Masquer";
  });
  // Never sent as plain text: browsers would offer to remember it as ordinary words.
  input.form?.addEventListener("submit", () => { input.type = "password"; });
}
