/** Without cookies: have the LMS keep the login's secret, and later fetch it. Where that fails, offer a window. */

import { PlatformStorage } from "./platform-storage.js";

const told = JSON.parse(document.getElementById("told").textContent);
const storage = new PlatformStorage(told);

(told.task === "keep" ? keep() : fetchBack()).catch(offer);

async function keep() {
  const secret = location.hash.slice(1);
  history.replaceState(null, "", location.pathname + location.search);
  if (!secret) throw new Error("the page was reloaded");
  await storage.put(told.key, secret);
  location.replace(told.onward);
}

async function fetchBack() {
  const form = document.getElementById("answer");
  form.elements.stored.value = await storage.get(told.key);
  storage.forget(told.key);
  form.submit();
}

function offer() {
  document.getElementById("waiting").hidden = true;
  document.getElementById("heading").textContent = "One more click";
  document.getElementById("offer").hidden = false;
}
