/** Show every <time data-clock> as the reader's own hour and minute; with the day where it is not today. */
export function clocks(root) {
  for (const time of root.querySelectorAll("time[data-clock]")) time.textContent = clock(new Date(time.dateTime));
}

export function clock(at) {
  const today = at.toDateString() === new Date().toDateString();
  return at.toLocaleString(undefined, today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
}
