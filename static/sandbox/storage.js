/**
 * Keeps values for the tool, each origin's apart, until the page is left: lti.capabilities, lti.put_data, lti.get_data.
 * What the tool asks wrongly is answered with an error and told to the sandbox's verdicts.
 */

const MOST_KEYS = 500;
const MOST_CHARACTERS = 4096; // of an origin's keys and values together
const { tool, role, frame } = JSON.parse(document.getElementById("storage").textContent);
const kept = new Map();

window.addEventListener("message", ({ data, source, origin }) => {
  if (typeof data?.subject !== "string" || !data.subject.startsWith("lti.") || data.subject.endsWith(".response")) return;
  const answer = judged(data, origin);
  if (answer.error) tell(`${data.subject}: ${answer.error.message}`);
  if (origin === tool) source.postMessage({ subject: `${data.subject}.response`, message_id: data.message_id, ...answer }, origin);
});

function judged(message, origin) {
  if (origin !== tool) return wrong("wrong_origin", `${origin} is not the tool`);
  if (typeof message.message_id !== "string" || !message.message_id) return wrong("bad_request", "message_id is missing");
  if (message.subject === "lti.capabilities") return capabilities();
  if (!["lti.put_data", "lti.get_data"].includes(message.subject)) return wrong("unsupported_subject", "not supported");
  if (frame && role === "page") return wrong("bad_request", `was sent to the page; it goes to the frame ${frame}`);
  if (typeof message.key !== "string" || !message.key) return wrong("bad_request", "key is missing");
  return message.subject === "lti.put_data" ? put(message, origin) : get(message, origin);
}

function capabilities() {
  const where = frame ? { frame } : {};
  const subjects = ["lti.put_data", "lti.get_data"].map((subject) => ({ subject, ...where }));
  return { supported_messages: [{ subject: "lti.capabilities" }, ...subjects] };
}

function put({ key, value }, origin) {
  const values = kept.get(origin) ?? new Map();
  kept.set(origin, values);
  if (value === null || value === undefined) {
    values.delete(key);
    return { key, value: null };
  }
  if (typeof value !== "string") return wrong("bad_request", "value is not text");
  const others = [...values].filter(([name]) => name !== key);
  const characters = [...others, [key, value]].reduce((sum, [name, text]) => sum + name.length + text.length, 0);
  if (others.length >= MOST_KEYS || characters > MOST_CHARACTERS) return wrong("storage_exhaustion", "too much is kept");
  values.set(key, value);
  return { key, value };
}

function get({ key }, origin) {
  return { key, value: kept.get(origin)?.get(key) ?? null };
}

function wrong(code, message) {
  return { error: { code, message } };
}

function tell(problem) {
  const headers = { "Content-Type": "application/json" };
  fetch("/storage/wrong/", { method: "POST", headers, body: JSON.stringify({ problem }) }).catch(() => {});
}
