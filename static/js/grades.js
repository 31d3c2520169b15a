import { localTimes } from "./localtime.js";

/** While grades are under way, the list is asked for again and put in place where it has changed. */
const SOON = 3000; // ms
const LATEST = 30000;
const region = document.getElementById("grades-live");
const summary = document.getElementById("grades-summary");
let shown = comparable(region);
let wait = SOON;

localTimes();
if (region.hasAttribute("data-under-way")) setTimeout(look, wait);

async function look() {
  // Nobody's focus is taken away, and a page that nobody sees asks for nothing.
  if (!document.hidden && !region.contains(document.activeElement)) await refresh();
  if (region.hasAttribute("data-under-way")) setTimeout(look, wait);
}

async function refresh() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("grades-live");
    if (!fresh || region.contains(document.activeElement)) return;
    const news = comparable(fresh);
    wait = news === shown ? Math.min(wait * 1.5, LATEST) : SOON;
    region.toggleAttribute("data-under-way", fresh.hasAttribute("data-under-way"));
    if (news === shown) return;
    shown = news;
    region.replaceChildren(...fresh.childNodes);
    localTimes(region);
    const words = page.getElementById("grades-summary").textContent;
    if (summary.textContent !== words) summary.textContent = words;
  } catch {
    wait = Math.min(wait * 2, LATEST);
  }
}

/** The list without the forms' tokens, which are new every time. */
function comparable(list) {
  return list.innerHTML.replaceAll(/(name="csrfmiddlewaretoken" value=")[^"]*/g, "$1");
}
