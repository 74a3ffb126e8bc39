/* The review page. Every text from the corpus becomes a text node; markup is never made from it. */
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const SIGNS = {keep: "+", remove: "−", metadata: "@", review: "?"};
  const SAID_OF = {keep: "kept", remove: "removed", metadata: "moved to metadata", review: "kept for review"};
  const FILTERS = ["sort", "label", "decision", "site", "language", "said"];
  const KEY = "cleaner-token", ACTS = "cleaner-acts";
  const state = {labels: [], queue: [], ended: false, at: -1, article: null, current: 0, acts: [], busy: false, ahead: new Map(), asked: 0, coming: null};

  /* The token: in the address at the first hit only, then in this tab alone. */
  if (location.hash.length > 1) {
    sessionStorage.setItem(KEY, location.hash.slice(1));
    history.replaceState(null, "", "/");
  }
  const token = sessionStorage.getItem(KEY);
  addEventListener("hashchange", () => location.hash.length > 1 && location.reload());  // a new server's address in this tab

  /* What can be undone: of this server alone. To the next one the same numbers may be other paragraphs. */
  const [keptFor, kept] = JSON.parse(sessionStorage.getItem(ACTS) || "[]");
  if (keptFor === token) state.acts = kept;
  const keepActs = () => sessionStorage.setItem(ACTS, JSON.stringify([token, state.acts.slice(-200)]));

  async function ask(path, body) {
    const headers = {"X-Cleaner-Token": token};
    if (body) headers["Content-Type"] = "application/json";
    const answer = await fetch(path, {method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), cache: "no-store"});
    if (answer.status === 401) throw new Error("this address has ended: open the one that `cleaner review` printed last");
    const row = await answer.json();
    if (!answer.ok) throw new Error(row.error || "refused");
    return row;
  }

  /* Elements, from names, classes and text nodes. */
  function element(name, classes, ...inside) {
    const made = document.createElement(name);
    if (classes) made.className = classes;
    for (const one of inside) made.append(one);
    return made;
  }
  function write(target, pieces) {
    target.textContent = "";
    for (const [shown, isMark] of pieces) {
      if (isMark) target.append(element("mark", "", shown)); else target.append(shown);
    }
    return target;
  }
  const isolated = (pieces) => { const made = write(element("bdi"), pieces); made.dir = "auto"; return made; };
  const plain = (pieces) => pieces.map(([shown]) => shown).join("");
  const percent = (share) => `${Math.round(share * 100)} %`;
  const number = (count) => count.toLocaleString("en").replace(/,/g, "\u202f");

  function tell(message, bad) {
    $("saved").textContent = message;
    $("saved").className = bad ? "saved bad" : "saved";
  }
  function showProgress(progress) {
    const parts = [element("b", "", number(progress.labelled)), " labelled, ", element("b", "", number(progress.doubtful)), " doubtful left"];
    if (progress.proposed) parts.push(", ", element("b", "", number(progress.proposed)), " proposed");
    $("progress").replaceChildren(...parts);
  }

  /* The queue. */
  function asked(after) {
    const query = new URLSearchParams();
    for (const name of FILTERS) if ($(name).value) query.set(name, $(name).value);
    if ($("doubtful").checked) query.set("doubtful", "1");
    if ($("words").value.trim()) query.set("words", $("words").value.trim());
    if (after >= 0) query.set("after", String(after));
    return `/api/queue?${query}`;
  }
  function more() {  // one question at a time: two would bring the same rows
    const turn = state.asked;
    if (!state.coming || state.coming.turn !== turn) {
      state.coming = fetchMore(turn).finally(() => { if (state.coming && state.coming.turn === turn) state.coming = null; });
      state.coming.turn = turn;
    }
    return state.coming;
  }
  async function fetchMore(turn) {
    const last = state.queue[state.queue.length - 1];
    const found = await ask(asked(last ? last.place : -1));
    if (turn !== state.asked) return;  // the filters changed meanwhile
    state.ended = found.length === 0;
    state.queue.push(...found);
    for (const row of found) $("queue").append(queued(row));
    $("queue-end").textContent = state.ended ? (state.queue.length ? "That is all." : "Nothing here passes these filters.") : "";
  }
  function queued(row) {
    const button = element("button", "", element("span", `sign ${row.decision}`, SIGNS[row.decision]));
    const line = element("span", "line", isolated(row.text));
    const where = element("span", "where");
    button.type = "button";
    button.append(line, where);
    button.addEventListener("click", () => { const at = state.queue.indexOf(row); go(at); });
    row.where = where;
    row.item = element("li", "", button);
    showQueued(row);
    return row.item;
  }
  function showQueued(row) {
    row.item.className = row.said ? "done" : "";
    const name = row.said ? element("b", "", row.said) : row.label;
    const proposed = row.proposed ? [" → ", element("b", "", `${row.proposed}?`)] : [];
    row.where.replaceChildren(name, ...proposed, " · ", isolated(row.source));
  }
  async function start() {
    state.asked += 1;
    state.queue = []; state.at = -1; state.ended = false; state.ahead.clear();
    $("queue").replaceChildren();
    await more();
    if (state.queue.length) await go(0); else empty();
  }
  function empty() {
    state.article = null;
    $("title").textContent = "Nothing to review here";
    $("about").textContent = "No paragraph passes these filters, or all of them are labelled.";
    $("paragraphs").replaceChildren();
    showLabels();
  }
  async function go(at) {
    while (at >= state.queue.length && !state.ended) await more();
    if (at < 0 || at >= state.queue.length) { tell(at < 0 ? "this is the first" : "that is all"); return; }
    state.at = at;
    for (const [i, row] of state.queue.entries()) row.item.firstChild.setAttribute("aria-current", String(i === at));
    state.queue[at].item.scrollIntoView({block: "nearest"});
    await open(state.queue[at].paragraph);
    prepare();
  }
  function prepare() {  // what comes next is fetched while the person reads
    const next = state.queue[state.at + 1];
    if (next && !holds(next.paragraph) && !state.ahead.has(next.paragraph)) {
      const wanted = ask(`/api/article?paragraph=${next.paragraph}`);
      wanted.catch(() => state.ahead.delete(next.paragraph));
      state.ahead.set(next.paragraph, wanted);
      if (state.ahead.size > 8) state.ahead.delete(state.ahead.keys().next().value);
    }
    if (!state.ended && state.at > state.queue.length - 6) more().catch(fail);
  }

  /* The article. */
  const holds = (paragraph) => state.article && state.article.rows.has(paragraph);
  async function open(paragraph) {
    if (!holds(paragraph)) {
      const wanted = state.ahead.get(paragraph) || ask(`/api/article?paragraph=${paragraph}`);
      state.ahead.delete(paragraph);
      show(await wanted);
    }
    focus(paragraph);
  }
  function show(article) {
    article.rows = new Map();
    state.article = article;
    write($("title"), article.title.length ? article.title : article.source).dir = "auto";
    const about = [article.source, article.site, article.language, article.url, article.status];
    const spans = about.filter((pieces) => pieces.length && plain(pieces)).map(isolated);
    $("about").replaceChildren(...spans.flatMap((span, i) => (i ? ["  ·  ", span] : [span])), `  ·  model ${plain(article.model)}`);
    const items = article.paragraphs.map(paragraphItem);
    if (article.before) items.unshift(element("li", "rest", `${number(article.before)} paragraphs before these`));
    if (article.after) items.push(element("li", "rest", `${number(article.after)} paragraphs after these`));
    $("paragraphs").replaceChildren(...items);
  }
  function paragraphItem(row) {
    row.item = element("li");
    row.item.addEventListener("click", () => { if (!String(getSelection())) focus(row.paragraph); });
    state.article.rows.set(row.paragraph, row);
    draw(row);
    return row.item;
  }
  function draw(row) {
    const current = row.paragraph === state.current;
    const item = row.item;
    item.className = `${row.decision} ${row.said ? row.said.label : row.label}${current ? " current" : ""}`;
    if (current) item.setAttribute("aria-current", "true"); else item.removeAttribute("aria-current");
    const sign = element("span", `sign ${row.decision}`, SIGNS[row.decision]);
    sign.setAttribute("role", "img");
    sign.setAttribute("aria-label", SAID_OF[row.decision]);
    const text = element("div", "text", isolated(row.text));
    if (row.more) text.append(element("span", "quiet", ` … ${number(row.more)} more characters`));
    const tag = element("div", "tag");
    const changed = row.said && row.said.label !== row.label;
    tag.append(element("span", changed ? "name was" : "name", `${row.label} ${percent(row.probability)}`));
    if (row.said) tag.append(element("span", "now", changed ? row.said.label : "accepted"));
    if (row.proposed) tag.append(element("span", "now", `${row.proposed.label}?`));
    item.replaceChildren(...(row.opens ? [element("div", "opens", "a further article begins")] : []), sign, text, tag);
    if (current) item.append(why(row));
  }
  function why(row) {
    const parts = [`${SAID_OF[row.decision]}: ${row.why}`, `runner-up ${row.runner_up}`, `${percent(row.keep)} the article's`];
    if (row.evidence) parts.push(`read alone: ${row.evidence.label} ${percent(row.evidence.probability)}`);
    if (row.files > 1) parts.push(`in ${number(row.files)} files of this site`);
    if (row.copies > 1) parts.push(`${number(row.copies)} near copies`);
    const box = element("div", "why", ...parts.map((part) => element("span", "", part)));
    if (row.evidence && row.evidence.words.length) {
      const words = row.evidence.words.flatMap((word, i) => (i ? [", ", isolated(word)] : [isolated(word)]));
      box.append(element("span", "", `for ${row.evidence.for}: `, ...words));
    }
    for (const [one, verb] of [[row.said, " says "], [row.proposed, "? proposes "]]) {
      if (one) box.append(element("span", "", element("b", "", one.label), verb, isolated(one.who)));
    }
    return box;
  }
  function focus(paragraph) {
    const before = state.article.rows.get(state.current);
    state.current = paragraph;
    if (before) draw(before);
    const row = state.article.rows.get(paragraph);
    draw(row);
    wonder(row);
    const box = row.item.getBoundingClientRect(), pane = $("article").getBoundingClientRect();
    if (box.top < pane.top + 40 || box.bottom > pane.bottom - 40) row.item.scrollIntoView({block: "center"});
    showLabels();
  }
  function wonder(row) {  // what speaks for its label, once a paragraph is looked at and not passed by
    clearTimeout(state.wondering);
    if (row.evidence === undefined) state.wondering = setTimeout(() => find(row).catch(fail), 80);
  }
  async function find(row) {
    row.evidence = (await ask(`/api/evidence?paragraph=${row.paragraph}`)).evidence;
    if (row === here()) draw(row);
  }
  function step(by) {
    if (!state.article) return;
    const next = state.current + by;
    if (holds(next)) focus(next);
    else if (by < 0 ? state.article.before : state.article.after) open(next).catch(fail);
  }

  /* Labels. */
  const here = () => state.article && state.article.rows.get(state.current);
  function showLabels() {
    const row = here();
    $("propose").hidden = !(row && row.proposed);
    for (const button of $("labels").children) {
      const said = row && row.said && row.said.label === button.value;
      button.setAttribute("aria-pressed", String(Boolean(said)));
      button.className = row && row.label === button.value ? "model" : "";
    }
  }
  async function keep(paragraph, label) {
    tell("saving…");
    const answer = await ask("/api/label", {paragraph, label});
    const row = state.article && state.article.rows.get(paragraph);
    if (row) { row.said = answer.said; row.proposed = answer.proposed; draw(row); }
    for (const one of state.queue.filter((queued) => queued.paragraph === paragraph)) {
      one.said = answer.said ? answer.said.label : "";
      one.proposed = answer.proposed ? answer.proposed.label : "";
      showQueued(one);
    }
    state.ahead.clear();
    showProgress(answer.progress);
    showLabels();
    return answer;
  }
  async function say(label) {
    const paragraph = state.current;
    const answer = await keep(paragraph, label);
    state.acts.push([paragraph, answer.before]);
    keepActs();
    tell(`saved: ${label}`);
    const queued = state.queue[state.at];
    if (queued && queued.paragraph === paragraph) await go(state.at + 1); else step(1);
  }
  async function undo() {
    const last = state.acts[state.acts.length - 1];
    if (!last) { tell("nothing to undo"); return; }
    const [paragraph, before] = last;
    await keep(paragraph, before);
    state.acts.pop();
    keepActs();
    tell(before ? `undone: ${before} again` : "undone");
    const at = state.queue.findIndex((row) => row.paragraph === paragraph);
    if (at >= 0) await go(at); else await open(paragraph);
  }
  function fail(error) { tell(error.message, true); }
  async function act(doing) {  // one act after the other: what is typed meanwhile waits
    const before = state.busy;
    state.busy = (async () => { try { await before; await doing(); } catch (error) { fail(error); } })();
    await state.busy;
  }
  const accept = () => here() && say(here().label);
  const acceptProposal = () => here() && here().proposed && say(here().proposed.label);

  /* Keys. */
  const KEYS = {
    Enter: () => act(accept), p: () => act(acceptProposal), u: () => act(undo), j: () => act(() => go(state.at + 1)), k: () => act(() => go(state.at - 1)),
    ArrowDown: () => act(() => step(1)), ArrowUp: () => act(() => step(-1)),
    "/": () => $("words").focus(), "?": help,
    d: () => { $("doubtful").checked = !$("doubtful").checked; act(start); },
  };
  function help() { if (!$("help").open) $("help").showModal(); }
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest("input, select, dialog");
    if (field && event.key === "Escape" && !$("help").open) {
      event.preventDefault();  // a search field would be emptied
      $("article").focus();
      return;
    }
    if (field || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" && event.target.closest("button, a")) return;
    const label = state.labels.find((one) => one.key === event.key);
    const doing = label ? () => act(() => state.article && say(label.label)) : KEYS[event.key];
    if (!doing) return;
    event.preventDefault();
    doing();
  });

  /* Opening. */
  function option(select, value, text) {
    const made = element("option", "", text);
    made.value = String(value);
    select.append(made);
  }
  function choices(given) {
    state.labels = given.labels;
    for (const [i, one] of given.labels.entries()) {
      const button = element("button", "", element("kbd", "", one.key), ` ${one.label}`);
      button.type = "button"; button.value = one.label;
      button.addEventListener("click", () => act(() => state.article && say(one.label)));
      $("labels").append(button);
      option($("label"), i, `${one.label} (${number(one.count)})`);
    }
    for (const [i, name] of given.decisions.entries()) option($("decision"), i, `${SIGNS[name]} ${name}`);
    for (const name of ["site", "language"]) {
      for (const one of given[`${name}s`]) option($(name), one.number, `${plain(one.name) || "not known"} (${number(one.count)})`);
    }
    const proposed = $("said").querySelector("[value=proposed]");
    proposed.hidden = !given.progress.proposed;
    if (!proposed.hidden) proposed.selected = true;
    document.title = `Review · ${plain(given.file)}`;
  }
  for (const name of [...FILTERS, "doubtful"]) $(name).addEventListener("change", () => act(start));
  let typing = 0;
  $("words").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(() => act(start), 150); });
  $("filters").addEventListener("submit", (event) => { event.preventDefault(); $("article").focus(); });
  for (const [id, key] of [["accept", "Enter"], ["propose", "p"], ["undo", "u"], ["previous", "k"], ["next", "j"], ["help-open", "?"]]) {
    $(id).addEventListener("click", () => KEYS[key]());
  }
  act(async () => {
    if (!token) throw new Error("open the address that `cleaner review` printed: it holds this page's key");
    const given = await ask("/api/state");
    choices(given);
    showProgress(given.progress);
    await start();
    $("article").focus();
    document.body.dataset.ready = "yes";
  }).then(() => { if (!document.body.dataset.ready) $("progress").textContent = ""; });
})();
