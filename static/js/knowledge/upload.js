/** Files are sent one after another, each with its progress; one that is refused says why and holds up no other. */

const PATIENCE = 600000; // ms for one file

export class Uploads {
  #form;
  #list;
  #told;
  #taken;
  #line = Promise.resolve();
  #added = 0;
  #waiting = 0;

  /** `taken()` is called after each file that was added. */
  constructor(form, taken) {
    this.#form = form;
    this.#list = form.querySelector("[data-uploads]");
    this.#told = form.querySelector("[data-told]");
    this.#taken = taken;
    const input = form.querySelector("input[type=file]");
    input.addEventListener("change", () => {
      this.#take([...input.files]);
      input.value = "";
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    this.#dropzone(form.querySelector("[data-drop]"));
    window.addEventListener("beforeunload", (event) => this.#waiting && event.preventDefault());
  }

  #dropzone(zone) {
    const over = (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      zone.toggleAttribute("data-over", true);
    };
    zone.addEventListener("dragenter", over);
    zone.addEventListener("dragover", over);
    zone.addEventListener("dragleave", (event) => {
      if (!zone.contains(event.relatedTarget)) zone.removeAttribute("data-over");
    });
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.removeAttribute("data-over");
      const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
      const folders = items.map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry?.isDirectory);
      for (const { name } of folders) this.#refuse(this.#row(name), `${name} is a folder. Drop the files that are in it.`);
      const named = new Set(folders.map((folder) => folder.name));
      this.#take([...event.dataTransfer.files].filter((file) => !named.has(file.name)));
    });
  }

  #take(files) {
    for (const old of this.#list.querySelectorAll("[data-refused]")) old.remove();
    if (!this.#waiting) this.#added = 0;
    this.#waiting += files.length;
    for (const file of files) {
      const row = this.#row(file.name);
      this.#line = this.#line.then(() => this.#send(file, row));
    }
  }

  async #send(file, row) {
    const refused =
      tooLarge(file, Number(this.#form.dataset.largest)) ||
      (await post(this.#form, file, (share) => (row.querySelector("progress").value = share)));
    this.#waiting -= 1;
    if (refused) this.#refuse(row, refused);
    else {
      this.#added += 1;
      row.remove();
      this.#taken();
    }
    if (!this.#waiting && this.#added) this.#told.textContent = `${this.#added} ${this.#added === 1 ? "file" : "files"} added.`;
  }

  #row(name) {
    const row = document.createElement("li");
    row.className = "upload small";
    const words = document.createElement("b");
    words.textContent = name;
    const progress = document.createElement("progress");
    progress.max = 1;
    progress.value = 0;
    progress.setAttribute("aria-label", `Sending ${name}`);
    row.append(words, progress);
    this.#list.append(row);
    return row;
  }

  #refuse(row, sentence) {
    row.dataset.refused = "";
    const words = document.createElement("p");
    words.className = "field-error";
    words.setAttribute("role", "alert");
    words.textContent = sentence;
    row.replaceChildren(words);
  }
}

function tooLarge(file, megabytes) {
  if (file.size <= megabytes * 1e6) return "";
  return `${file.name} is larger than ${megabytes} MB. Split it, or save it without pictures.`;
}

/** Sends one file; resolves to why it was refused, or to "" when it was taken. */
function post(form, file, onProgress) {
  const body = new FormData();
  const token = form.querySelector("[name=csrfmiddlewaretoken]");
  if (token) body.set(token.name, token.value);
  body.set("files", file);
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.timeout = PATIENCE;
  request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total ? loaded / total : 0));
  return new Promise((resolve) => {
    request.addEventListener("loadend", () => resolve(answered(request, file.name)));
    request.send(body);
  });
}

function answered(request, name) {
  if (request.status === 201) return "";
  if (request.status === 413) return `${name} is larger than this site takes. Add it in parts.`;
  if (request.status === 403) return "This page has been open for too long. Open it again from your course.";
  try {
    return JSON.parse(request.responseText).refused.join(" ");
  } catch {
    return `The connection broke off on the way. Choose ${name} again.`;
  }
}
