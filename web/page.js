// The page of `moonmill watch`. The server draws batches and runs; this fetches them when it is told
// that they changed, and puts them where they are without losing what is open, focused or scrolled.
"use strict";

const $ = (id) => document.getElementById(id);
const PAUSE_MS = 300; // between two looks at the same thing

// An element: make("a", { href: "#/" }, "text", child...). Text is only ever text.
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

// ---- putting what the server drew into the page ------------------------------------------------

const opened = new Map(); // details by data-open: whether the reader opened or closed them

document.addEventListener("toggle", (event) => {
  const key = event.target.dataset && event.target.dataset.open;
  if (key && event.isTrusted && event.target.isConnected) opened.set(key, event.target.open);
}, true);

function pair(old, fresh) {
  if (fresh.dataset && fresh.dataset.key)
    return [...old.children].find((child) => child.dataset.key === fresh.dataset.key);
  return null;
}

// Makes old what fresh is; keyed parts that are the same stay the elements they were.
function change(old, fresh) {
  if ("same" in fresh.dataset || old.isEqualNode(fresh)) return;
  if (old.tagName !== fresh.tagName || !fresh.querySelector("[data-key]")) {
    old.replaceWith(fresh);
    return;
  }
  for (const { name } of [...old.attributes])
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of [...fresh.attributes])
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  changeChildren(old, fresh);
}

function changeChildren(old, fresh) {
  let at = old.firstElementChild;
  for (const child of [...fresh.children]) {
    const same = pair(old, child) ||
      (!child.dataset.key && at && !at.dataset.key && at.tagName === child.tagName ? at : null);
    if (same && same === at) {
      at = at.nextElementSibling;
      change(same, child);
    } else if (same) {
      old.insertBefore(same, at);
      change(same, child);
    } else {
      old.insertBefore(child, at);
    }
  }
  while (at) {
    const gone = at;
    at = at.nextElementSibling;
    gone.remove();
  }
}

// Long lists come in pieces, of which most are as they were: those are not even read again.
const PIECE = /<ol class="\w+" data-key="([^"]+)">\n[^]*?<\/ol>/g;

function withoutSame(place, html) {
  const before = place.pieces || new Map();
  place.pieces = new Map();
  return html.replace(PIECE, (text, key) => {
    place.pieces.set(key, text);
    return before.get(key) === text ? `<ol data-key="${key}" data-same></ol>` : text;
  });
}

function put(place, html) {
  const template = document.createElement("template");
  template.innerHTML = withoutSame(place, html);
  for (const details of template.content.querySelectorAll("details[data-open]"))
    if (opened.has(details.dataset.open)) details.open = opened.get(details.dataset.open);
  const focused = document.activeElement && document.activeElement.closest("[data-open],[data-run]");
  changeChildren(place, template.content);
  if (!focused || focused.isConnected) return;
  const again = focused.dataset.run
    ? place.querySelector(`[data-run="${CSS.escape(focused.dataset.run)}"]`)
    : place.querySelector(`[data-open="${CSS.escape(focused.dataset.open)}"] > summary`);
  if (again) again.focus({ preventScroll: true });
}

// A task that runs now, once more when it was asked for meanwhile, and not more often than that.
function calm(task) {
  let busy = false, wanted = false;
  return async function run() {
    if (busy) { wanted = true; return; }
    busy = true;
    do {
      wanted = false;
      try { await task(); } catch (error) { console.warn(error); }
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    } while (wanted);
    busy = false;
  };
}

// ---- what is shown -----------------------------------------------------------------------------

let flows = [];
let queue = { queue: {}, dlq: [] };
let shownRun = null;   // the number of the run that is in view
let awaited = null;    // the run_id of a job that was just sent
let pages = 1;         // of the list
let views = "";        // the view that is built

function route() {
  const parts = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  return { view: parts[0] || "list", what: parts[1] || null };
}

function markRows() {
  for (const row of document.querySelectorAll("#batches .row")) {
    if (row.dataset.run === String(shownRun)) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

const OLDER = /<button class="older" data-before="(\d+)">[^]*$/;

// As many pages of the list as the reader has asked for, one after the other.
async function readBatches() {
  let html = "", before = "";
  for (let page = 1; ; page++) {
    const answer = await fetch("/batches" + before);
    if (!answer.ok) throw new Error(`/batches: ${answer.status}`);
    const text = await answer.text(), older = OLDER.exec(text);
    if (!older || page === pages) return html + text;
    html += text.slice(0, older.index);
    before = "?before=" + older[1];
  }
}

const lookAtBatches = calm(async () => {
  put($("batches"), await readBatches());
  const row = awaited && $("batches").querySelector(`[data-run-id="${CSS.escape(awaited)}"]`);
  if (row) {
    awaited = null;
    location.hash = row.getAttribute("href");
  }
  if (route().view === "list") show();
  markRows();
});

const lookAtRun = calm(async () => {
  const number = shownRun;
  if (!number) return;
  const answer = await fetch("/runs/" + number);
  const html = await answer.text();
  if (number !== shownRun || !$("run")) return;
  put($("run"), html);
  const article = $("run").querySelector(".run");
  $("again").disabled = !(article && article.dataset.messageId);
});

function showRun(number) {
  if (shownRun === number && $("run")) return;
  shownRun = number;
  const note = make("span", { class: "note", role: "status" });
  const again = make("button", { id: "again", disabled: true, onclick: () => sendAgain(note) }, "Send again");
  $("view").replaceChildren(
    make("div", { class: "tools" }, make("a", { class: "button back", href: "#/" }, "All runs"), again, note),
    make("div", { id: "run", "aria-label": "Run", role: "region" }));
  lookAtRun();
  markRows();
}

async function ask(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error || `the answer was ${answer.status}`);
  return said;
}

async function resend(messageId, note) {
  try {
    const said = await ask("/resend", JSON.stringify({ message_id: messageId }));
    awaited = said.run_id || null;
    note.textContent = "sent";
    lookAtBatches();
    lookAtQueue();
  } catch (error) {
    note.textContent = error.message;
  }
}

function sendAgain(note) {
  const article = $("run").querySelector(".run");
  if (article) resend(article.dataset.messageId, note);
}

// ---- queue -------------------------------------------------------------------------------------

const lookAtQueue = calm(async () => {
  queue = await (await fetch("/queue")).json();
  const counts = queue.queue || {}, dead = (queue.dlq || []).length;
  const waiting = (counts.visible || 0) + (counts.in_flight || 0) + (counts.delayed || 0);
  const badge = $("queue-badge");
  badge.hidden = !waiting && !dead;
  badge.textContent = dead ? `${dead} dead` : waiting;
  badge.toggleAttribute("data-bad", dead > 0);
  if (views === "queue") showQueue();
});

function deadLetter(letter, note) {
  return make("tr", {},
    make("td", {}, letter.flow || "no job"),
    make("td", {}, make("code", {}, letter.message_id || "-")),
    make("td", {}, `${letter.receive_count}×`),
    make("td", {}, make("button", { class: "small", "aria-label": `Send message ${letter.message_id} again`,
      onclick: () => resend(letter.message_id, note) }, "Send again")));
}

function showQueue() {
  const counts = queue.queue || {};
  const number = (name, value) => make("div", {}, make("dt", {}, name), make("dd", {}, String(value || 0)));
  const note = make("p", { role: "status" });
  const dead = queue.dlq || [];
  $("view").replaceChildren(
    make("section", { class: "panel" }, make("h2", {}, "Queue"),
      make("dl", { class: "numbers" }, number("waiting", counts.visible), number("in flight", counts.in_flight),
        number("delayed", counts.delayed))),
    make("section", { class: "panel" }, make("h2", {}, "Dead letters"),
      dead.length
        ? make("table", {},
          make("thead", {}, make("tr", {}, ...["Flow", "Message", "Received", ""].map((name) => make("th", { scope: "col" }, name)))),
          make("tbody", {}, ...dead.map((letter) => deadLetter(letter, note))))
        : make("p", { class: "none" }, "None. A message that comes back too often ends up here."),
      note));
}

// ---- flows -------------------------------------------------------------------------------------

const errorsOf = (flow) => (flow.findings || []).filter((finding) => finding.severity === "error");
const placeOf = (finding) => [finding.file, finding.line, finding.column].filter(Boolean).join(":");

const lookAtFlows = calm(async () => {
  flows = await (await fetch("/flows")).json();
  for (const flow of flows) flow.loads = Boolean(flow.name);
  const errors = flows.flatMap(errorsOf);
  $("flows-badge").hidden = errors.length === 0;
  $("flows-badge").textContent = errors.length;
  $("flows-badge").toggleAttribute("data-bad", errors.length > 0);
  $("findings").hidden = errors.length === 0;
  $("findings").textContent = errors.length === 0 ? "" : `${placeOf(errors[0])}: ${errors[0].message}` +
    (errors.length > 1 ? `, and ${errors.length - 1} more` : "");
  if (views === "flows" || views === "send") show(true);
});

function finding(each) {
  return make("li", { class: "finding", "data-severity": each.severity },
    make("b", {}, each.severity || "note"), " ", make("code", {}, placeOf(each)), " ", each.message || "",
    each.hint ? make("p", {}, each.hint) : null);
}

function showFlows() {
  $("view").replaceChildren(...(flows.length ? flows.map((flow) =>
    make("section", { class: "panel flow" },
      make("h2", {}, flow.loads ? `${flow.name} ` : "", make("span", { class: "file" }, flow.file || "")),
      make("p", {}, flow.about || ""),
      flow.loads ? make("a", { class: "button", href: `#/send/${encodeURIComponent(flow.name)}`, "aria-label": `Send a job to ${flow.name}` }, "Send a job") : null,
      (flow.findings || []).length ? make("ul", {}, ...flow.findings.map(finding)) : null))
    : [make("p", { class: "none" }, "There are no flows in the folder yet.")]));
}

// ---- the form: a JSON Schema as fields ---------------------------------------------------------
// Each field is { element, read(): JSON text or undefined, write(value) }. Numbers stay the text
// that was typed, so that no digit is lost.

let fieldCount = 0;

class Wrong extends Error {
  constructor(element, message) { super(message); this.element = element; }
}

function typeOf(schema) {
  const type = Array.isArray(schema.type) ? schema.type.find((each) => each !== "null") : schema.type;
  if (schema.enum) return "enum";
  return type || (schema.properties ? "object" : schema.items ? "array" : "any");
}

function framed(schema, name, required, type, control) {
  const id = `field-${++fieldCount}`;
  control.id = id;
  return make("div", { class: "field" },
    make("label", { for: id }, name, make("span", { class: "type" }, required ? type : `${type}, optional`)),
    schema.description ? make("p", { class: "about" }, schema.description) : null, control);
}

function textField(schema, name, required, type) {
  const isText = type === "string", isJson = type === "any";
  const control = isJson ? make("textarea", { spellcheck: "false", placeholder: "JSON" })
    : make("input", { type: "text", inputmode: isText ? null : "decimal", autocomplete: "off", spellcheck: "false" });
  const element = framed(schema, name, required, isJson ? "any JSON" : type, control);
  return { element,
    read() {
      const text = control.value;
      control.removeAttribute("aria-invalid");
      if (text === "" && (!required || !isText)) {
        if (required) throw new Wrong(control, `${name}: is missing`);
        return undefined;
      }
      if (isText) return JSON.stringify(text);
      if (isJson ? !isJSON(text) : !/^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(text.trim()))
        throw new Wrong(control, `${name}: ${isJson ? "this is no JSON" : `must be a ${type === "integer" ? "whole " : ""}number`}`);
      if (type === "integer" && /[.eE]/.test(text)) throw new Wrong(control, `${name}: must be a whole number`);
      return text.trim();
    },
    write(value) { control.value = value === undefined ? "" : isText && typeof value === "string" ? value : JSON.stringify(value); } };
}

function choiceField(schema, name, required, type, values) {
  const control = make("select", {}, required ? null : make("option", { value: "" }, "left out"),
    ...values.map((value) => make("option", { value: JSON.stringify(value) }, typeof value === "string" ? value : JSON.stringify(value))));
  return { element: framed(schema, name, required, type, control),
    read: () => control.value === "" ? undefined : control.value,
    write(value) { control.value = value === undefined ? "" : JSON.stringify(value); } };
}

function objectField(schema, name, required) {
  const wanted = schema.required || [];
  const fields = Object.entries(schema.properties || {})
    .sort(([a], [b]) => wanted.includes(b) - wanted.includes(a)) // what must be there comes first
    .map(([key, inner]) => [key, field(inner, key, wanted.includes(key))]);
  const inside = make("div", { class: name ? "inner" : null }, ...fields.map(([, each]) => each.element));
  const element = name ? make("fieldset", { class: "field" }, make("legend", {}, name,
    make("span", { class: "type" }, required ? "object" : "object, optional")), inside) : inside;
  return { element,
    read() {
      const filled = [...inside.querySelectorAll("input, textarea, select")].some((control) => control.value !== "");
      if (!required && !filled) return undefined;
      const members = fields.map(([key, each]) => [key, each.read()]).filter(([, text]) => text !== undefined);
      return `{${members.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(",")}}`;
    },
    write(value) { for (const [key, each] of fields) each.write(value && typeof value === "object" ? value[key] : undefined); } };
}

function arrayField(schema, name, required) {
  let items = [];
  const list = make("div", {});
  const add = (value) => {
    const inner = field(schema.items || {}, `${name || "item"} ${items.length + 1}`, true);
    const line = make("div", { class: "item" }, inner.element,
      make("button", { type: "button", class: "small", "aria-label": `Remove ${name || "item"}`,
        onclick: () => { items = items.filter((each) => each !== inner); line.remove(); } }, "Remove"));
    items.push(inner);
    list.append(line);
    if (value !== undefined) inner.write(value);
    return inner;
  };
  const element = make("fieldset", { class: "field" },
    make("legend", {}, name || "items", make("span", { class: "type" }, required ? "list" : "list, optional")),
    make("div", { class: "inner" }, list, make("button", { type: "button", class: "small",
      onclick: () => { const control = add().element.querySelector("input, textarea, select"); if (control) control.focus(); } }, "Add")));
  return { element,
    read: () => !items.length && !required ? undefined : `[${items.map((each) => each.read()).join(",")}]`,
    write(value) {
      items = [];
      list.replaceChildren();
      for (const each of Array.isArray(value) ? value : []) add(each);
    } };
}

function field(schema, name, required) {
  const type = typeOf(schema || {});
  if (type === "object" && schema.properties) return objectField(schema, name, required);
  if (type === "array") return arrayField(schema, name, required);
  if (type === "enum") return choiceField(schema, name, required, "one of", schema.enum);
  if (type === "boolean") return choiceField(schema, name, required, "yes or no", [true, false]);
  if (type === "string" || type === "number" || type === "integer") return textField(schema, name, required, type);
  return textField(schema || {}, name, required, "any");
}

function isJSON(text) {
  try { JSON.parse(text); return true; } catch { return false; }
}

// ---- sending -----------------------------------------------------------------------------------

let formOf = ""; // what the form was made of

// Numbers of more digits than JavaScript keeps stay text.
const isLong = (text) => /\d{16}/.test(text);
const pretty = (text) => isLong(text) ? text : JSON.stringify(JSON.parse(text), null, 2);

function showSend(name) {
  const able = flows.filter((each) => each.loads);
  const flow = able.find((each) => each.name === name) || able[0];
  if (!flow) {
    formOf = "";
    $("view").replaceChildren(make("p", { class: "none" }, "There are no flows in the folder yet."));
    return;
  }
  const made = JSON.stringify([able.map((each) => each.name), flow.name, flow.input, flow.about, flow.examples]);
  if (made === formOf && $("send")) return; // what was typed stays
  formOf = made;
  buildSend(flow, able);
}

function buildSend(flow, able) {
  const shaped = flow.input && typeOf(flow.input) === "object" && flow.input.properties ? field(flow.input, "", true) : null;
  const raw = make("textarea", { class: "all", spellcheck: "false", id: "raw" });
  const rawField = make("div", { class: "field" }, make("label", { for: "raw" }, "Payload", make("span", { class: "type" }, "JSON")), raw);
  const group = make("input", { type: "text", id: "group", autocomplete: "off" });
  const problem = make("p", { class: "problem", role: "alert" });
  const place = make("div", {});
  let isRaw = !shaped;
  raw.value = "{}";

  const modes = shaped ? ["Form", "JSON"].map((label, i) => make("button", { type: "button", onclick: () => turn(i === 1) }, label)) : [];
  function draw() {
    modes.forEach((button, i) => button.setAttribute("aria-pressed", String((i === 1) === isRaw)));
    place.replaceChildren(isRaw ? rawField : shaped.element);
    problem.textContent = "";
  }
  function begin(text) {
    raw.value = pretty(text);
    if (shaped && !isLong(text)) shaped.write(JSON.parse(text));
    else isRaw = true;
    draw();
  }
  function turn(toRaw) {
    if (toRaw === isRaw) return;
    try {
      if (toRaw) {
        raw.value = pretty(shaped.read());
      } else if (isLong(raw.value)) {
        problem.textContent = "this has numbers of more digits than a form keeps: it stays JSON";
        return;
      } else {
        shaped.write(JSON.parse(raw.value));
      }
    } catch (error) {
      if (!toRaw) { problem.textContent = `this is no JSON: ${error.message}`; return; }
    }
    isRaw = toRaw;
    draw();
  }
  function payload() {
    if (!isRaw) return shaped.read();
    if (!isJSON(raw.value)) throw new Wrong(raw, "the payload is no JSON");
    return raw.value;
  }
  async function submit(event) {
    event.preventDefault();
    problem.textContent = "";
    button.disabled = true;
    try {
      const groupText = group.value ? `,"group":${JSON.stringify(group.value)}` : "";
      const said = await ask("/send", `{"flow":${JSON.stringify(flow.name)},"payload":${payload()}${groupText}}`);
      awaited = said.run_id || null;
      location.hash = "#/";
      lookAtBatches();
      lookAtQueue();
    } catch (error) {
      problem.textContent = error.message;
      if (error.element) { error.element.setAttribute("aria-invalid", "true"); error.element.focus(); }
    }
    button.disabled = false;
  }
  const button = make("button", { class: "main", type: "submit" }, "Send");
  const choose = make("select", { id: "flow", onchange: () => { location.hash = `#/send/${encodeURIComponent(choose.value)}`; } },
    ...able.map((each) => make("option", { value: each.name, selected: each.name === flow.name }, each.name)));
  const examples = flow.examples.map((each) => make("button", { type: "button", class: "small", onclick: () => begin(each.payload) }, each.name));
  $("view").replaceChildren(make("section", { class: "panel" },
    make("h2", {}, "Send a job"),
    make("form", { id: "send", onsubmit: submit, novalidate: true },
      make("div", { class: "field" }, make("label", { for: "flow" }, "Flow"), choose,
        flow.about ? make("p", { class: "about" }, flow.about) : null),
      examples.length ? make("div", { class: "field" }, make("span", { class: "label" }, "Examples"), make("div", { class: "actions" }, ...examples)) : null,
      modes.length ? make("div", { class: "modes", role: "group", "aria-label": "How the payload is written" }, ...modes) : null,
      place,
      make("details", { class: "field" }, make("summary", {}, "FIFO group"),
        make("label", { for: "group", class: "said" }, "Message group, for a FIFO queue"), group),
      make("div", { class: "actions" }, button), problem)));
  if (flow.examples.length) begin(flow.examples[0].payload);
  else draw();
}

// ---- views -------------------------------------------------------------------------------------

function showList() {
  const newest = $("batches").querySelector(".row");
  if (newest) {
    showRun(Number(newest.dataset.run));
    return;
  }
  shownRun = null;
  $("view").replaceChildren(make("section", { class: "panel empty" }, make("h2", {}, "Nothing has run yet"),
    make("p", {}, "Send a job from here, with moonmill invoke, or with the AWS CLI. Each run shows as it happens: its steps over time, its flow lit up, its events."),
    make("a", { class: "button main", href: "#/send" }, "Send a job")));
}

function show(again) {
  const { view, what } = route();
  const moved = view !== views;
  views = view;
  document.body.dataset.view = view;
  for (const link of document.querySelectorAll(".top nav a")) {
    const own = link.dataset.view;
    if (own === view || (own === "runs" && view === "list")) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (view !== "list" && view !== "runs") { shownRun = null; markRows(); }
  if (view === "runs") showRun(Number(what));
  else if (view === "send") showSend(what);
  else if (view === "queue") showQueue();
  else if (view === "flows") showFlows();
  else showList();
  document.title = view === "runs" ? `run ${what} · moonmill` : "moonmill";
  if (moved && again !== true && view !== "list") window.scrollTo(0, 0);
}

window.addEventListener("hashchange", () => show());
document.addEventListener("click", (event) => {
  if (!event.target.closest(".older")) return;
  pages++;
  lookAtBatches();
});

// ---- news --------------------------------------------------------------------------------------

let openedMs = 0; // of the watch that was heard first

function hear(news) {
  if (news.opened) {
    if (openedMs && openedMs !== news.opened) { location.hash = "#/"; location.reload(); return; }
    openedMs = news.opened;
    lookAtBatches(); lookAtFlows(); lookAtQueue(); lookAtRun();
    return;
  }
  if (news.lists) lookAtBatches();
  if (news.flows) { lookAtFlows(); lookAtRun(); } // its picture may be another
  if (news.queue) lookAtQueue();
  if (news.all || (news.runs || []).includes(shownRun)) lookAtRun();
}

// A hidden tab does not listen: browsers open six connections to a server, for all tabs together.
let source = null;

function listen() {
  const tell = (state, text) => { $("link").dataset.state = state; $("link").textContent = text; };
  source = new EventSource("/live");
  source.onopen = () => tell("live", "live");
  source.onmessage = (event) => hear(JSON.parse(event.data));
  source.onerror = () => {
    tell("away", "reconnecting");
    if (source.readyState === EventSource.CLOSED) setTimeout(() => document.hidden || listen(), 1000);
  };
}

document.addEventListener("visibilitychange", () => {
  source.close();
  if (!document.hidden) listen(); // and hears what it missed
});

// Bars of what is under way grow, also when nothing is told.
setInterval(() => {
  if (document.hidden) return;
  if (document.querySelector("#run .run[data-state=running]")) lookAtRun();
  if (document.querySelector("#batches .row[data-state=running]")) lookAtBatches();
}, 1000);

show();
listen();
