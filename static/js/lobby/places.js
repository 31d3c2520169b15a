/** Says in the lobby whether a conversation by voice could begin now, and about how long it would take. */

const EVERY = 15_000; // ms

/** Keep `line` (a live region with the address in data-places) up to date while the page is looked at. */
export function watchPlaces(line) {
  let timer = null;
  const look = async () => {
    clearTimeout(timer);
    if (document.hidden) return;
    const said = await ask(line.dataset.places);
    // An unchanged sentence is not set again, so that it is read out once.
    if (line.textContent !== said) line.textContent = said;
    line.hidden = !said;
    timer = setTimeout(look, EVERY);
  };
  document.addEventListener("visibilitychange", look);
  look();
}

async function ask(address) {
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(5000) });
    return answer.ok ? words(await answer.json()) : "";
  } catch {
    return "";
  }
}

/** The sentence for {places, free, waiting, minutes?}; empty where nothing is known. */
export function words({ places, free, waiting, minutes }) {
  if (places === undefined) return "";
  if (free) return "A voice is free: you can begin at once.";
  const instead = "In writing you can begin at once.";
  if (!places) return `No voice can be reached at the moment. ${instead}`;
  const others = waiting === 1 ? " One person waits for one." : waiting ? ` ${waiting} people wait for one.` : "";
  const long = minutes ? ` A place should be free in about ${minutes} ${minutes === 1 ? "minute" : "minutes"}.` : "";
  return `All voices are taken.${others}${long} ${instead}`;
}
