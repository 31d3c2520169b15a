/** Show every <time data-local> in the reader's own time zone and manner. */
export function localTimes(root = document) {
  const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const time of root.querySelectorAll("time[data-local]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) time.textContent = day.format(at);
  }
}
