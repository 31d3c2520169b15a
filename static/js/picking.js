import { optionalImages } from "./images.js";

optionalImages();

const filter = document.querySelector("[data-filter]");
if (filter) filtered(filter);
counted(document.querySelectorAll('input[form="several"]'));

/** Search and field chips hide what does not match, and say how many are left. */
function filtered(filter) {
  const offers = [...document.querySelectorAll("[data-offer]")];
  const sections = [...document.querySelectorAll("[data-section]")].filter((each) => each.querySelector("[data-offer]"));
  const search = filter.querySelector("input");
  const chips = [...filter.querySelectorAll("[data-field]")];
  const count = filter.querySelector("[data-count]");
  const none = document.querySelector("[data-none]");
  let field = "";

  function show() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const offer of offers) {
      const fits = (!field || offer.dataset.field === field) && words.every((word) => offer.dataset.words.includes(word));
      offer.hidden = !fits;
      left += fits;
    }
    for (const section of sections) section.hidden = !section.querySelector("[data-offer]:not([hidden])");
    none.hidden = left > 0;
    count.textContent = `${left} of ${offers.length} activities`;
  }
  function choose(chosen) {
    field = chosen.dataset.field;
    for (const chip of chips) chip.setAttribute("aria-pressed", String(chip === chosen));
    show();
  }
  for (const chip of chips) chip.addEventListener("click", () => choose(chip));
  search.addEventListener("input", show);
  document.querySelector("[data-clear]").addEventListener("click", () => {
    search.value = "";
    choose(chips[0]);
    search.focus();
  });
  filter.hidden = false;
  if (search.value) show();
}

/** How many are chosen to be added together. */
function counted(boxes) {
  const said = document.querySelector("[data-chosen]");
  if (!said) return;
  const say = () => {
    said.textContent = `${[...boxes].filter((box) => box.checked).length} chosen.`;
  };
  for (const box of boxes) box.addEventListener("change", say);
  say();
}
