/** The pages of the course's documents: states that move on by themselves, and files that are taken in one by one. */

import { localTimes } from "../localtime.js";
import { Live } from "./live.js";
import { Uploads } from "./upload.js";

for (const words of document.querySelectorAll("[data-if-script]")) words.hidden = false;
for (const words of document.querySelectorAll("[data-unless-script]")) words.hidden = true;
localTimes();

const region = document.querySelector("[data-live]");
const live = region && new Live(region, document.querySelector("[data-live-told]"));
live?.start();
const form = document.querySelector("[data-upload]");
if (form) new Uploads(form, () => live.now());
