/** The guided form: says that it works, and warns before something unsaved is left. */

const form = document.querySelector("[data-begin]");
let written = false;

form.addEventListener("input", () => (written = true));
form.addEventListener("submit", (event) => {
  written = false;
  const button = event.submitter ?? form.querySelector(".button-main");
  button.setAttribute("aria-busy", "true");
  button.textContent = "Writing a first version…";
});
window.addEventListener("beforeunload", (event) => {
  if (written) event.preventDefault();
});
document.getElementById("faults")?.focus();
