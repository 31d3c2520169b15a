/** Registration pages: copy buttons, the way back to the LMS, and where an error is. */

const said = document.getElementById("copied");

for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  const words = button.firstChild;
  const before = words.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      document.execCommand("copy"); // where the clipboard is not given to pages; the text stays selected
    }
    words.textContent = "Copied";
    if (said) said.textContent = `Copied: ${field.labels[0]?.textContent ?? ""}`;
    setTimeout(() => {
      words.textContent = before;
    }, 2000);
  });
  field.addEventListener("focus", () => field.select());
}

/** LTI Dynamic Registration 1.0: the platform closes the frame or window. Nothing in it is secret, so anybody may hear. */
function close() {
  const message = { subject: "org.imsglobal.lti.close" };
  window.opener?.postMessage(message, "*");
  if (window.parent !== window) window.parent.postMessage(message, "*");
}

for (const button of document.querySelectorAll("[data-close]")) {
  button.hidden = window.parent === window && !window.opener;
  if (button.hidden) document.getElementById("closed").textContent = "You can close this page now.";
  button.addEventListener("click", () => {
    close();
    document.getElementById("closed").textContent = "If this page stays, you can close it.";
  });
}

for (const button of document.querySelectorAll("[data-busy]")) {
  button.form.addEventListener("submit", () => {
    button.setAttribute("aria-busy", "true");
    button.textContent = button.dataset.busy;
  });
}

document.querySelector("[data-focus]")?.focus();
