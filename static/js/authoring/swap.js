/** Replaces the editor by the one in `html`; folds stay as they are, the focus goes to where the page goes on. */
export function swap(root, html, pressed) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const next = fresh.getElementById("editor");
  if (!next) {
    // Not the editor any more (the visit has ended): show what came instead.
    document.open();
    document.write(html);
    document.close();
    return;
  }
  const open = new Map([...root.querySelectorAll("details[id]")].map((fold) => [fold.id, fold.open]));
  document.title = fresh.title;
  root.replaceChildren(...next.childNodes);
  for (const fold of root.querySelectorAll("details[id]")) if (open.get(fold.id)) fold.open = true;
  focus(root, next.dataset.anchor, pressed);
}

function focus(root, anchor, pressed) {
  const named = [anchor, pressed].map((id) => id && document.getElementById(id)).find((found) => found);
  const target = named ?? root.querySelector("h1");
  if (!target) return;
  for (let fold = target.closest("details"); fold; fold = fold.parentElement?.closest("details")) fold.open = true;
  if (target.tabIndex < 0 && !target.hasAttribute("tabindex")) target.tabIndex = -1;
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "nearest" });
}
