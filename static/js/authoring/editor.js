/** The editor made smooth: buttons change the page in place, typing is saved by itself. Without it, all buttons still work. */

import { clocks } from "./clock.js";
import { Keeper } from "./keeper.js";
import { swap } from "./swap.js";

const root = document.getElementById("editor");
let keeper = null;

function begin() {
  clocks(root);
  const form = root.querySelector("[data-editor]");
  if (!form) return;
  keeper = new Keeper(form, root.querySelector("#state"), showPage);
  root.querySelector(".step[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
}

root.addEventListener("input", (event) => {
  if (event.target.name) keeper?.typed();
});

root.addEventListener("submit", async (event) => {
  const button = event.submitter;
  if (!event.target.matches("[data-editor]")) return;
  if (!button?.matches("[data-swap]") && button?.value !== "save") {
    if (keeper.busy) {
      event.preventDefault();
      await keeper.rest();
      event.target.requestSubmit(button);
      return;
    }
    keeper.leave(button?.textContent.includes("Check and publish"));
    return;
  }
  event.preventDefault();
  if (root.getAttribute("aria-busy") === "true") return;
  const held = button.id || document.activeElement?.id;
  wait(true);
  try {
    const answer = await keeper.post(button);
    wait(false);
    showPage(answer, held);
  } catch (problem) {
    wait(false);
    document.getElementById(held)?.focus();
    keeper.failed(problem);
  }
});

/** The answer takes this page's place: what is typed until then would be lost. */
function wait(waiting) {
  root.toggleAttribute("inert", waiting);
  if (waiting) root.setAttribute("aria-busy", "true");
  else root.removeAttribute("aria-busy");
}

/** Puts the answer's editor in the place of this one and the focus where the page goes on. */
function showPage({ html, url }, pressed = "") {
  keeper?.stop();
  swap(root, html, pressed);
  if (url) history.replaceState(null, "", new URL(url).pathname);
  begin();
}

window.addEventListener("beforeunload", (event) => {
  if (keeper?.unsaved) event.preventDefault();
});
// A form that was submitted and is shown again from the browser's memory is a page like any other.
window.addEventListener("pageshow", (event) => event.persisted && keeper?.returned());

begin();
