/** Show every <time data-local> in the reader's own time zone and manner; data-local="day" without the hour. */
export function localTimes(root = document) {
  const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
  for (const time of root.querySelectorAll("time[data-local]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.textContent = (time.dataset.local === "day" ? day : moment).format(at);
    if (time.dataset.local === "day") time.title = moment.format(at);
  }
}
