// The page of the service: digests and episodes with their states, a place for a new digest, its preview, the player.

import { Player, clock } from "./listen.js";

const { root } = document.body.dataset;
const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const make = (name, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
};

const POLL_SECONDS = 10; // a digest may be laid into the folder, another tab may ask for an episode
const WATCHED = 2; // jobs with an event stream of their own: a browser opens six connections to a server, and audio needs some
const SYLLABLES_A_MINUTE = 280; // of a newsreader
const WORKING = ["queued", "running"];

// --- asking the service

class Trouble extends Error {}

const token = {
  get value() { return one("#token").value.trim(); },
  // sessionStorage throws where cookies are blocked.
  load() { try { one("#token").value = sessionStorage.getItem("token") ?? ""; } catch { /* to be typed again */ } },
  keep() { try { sessionStorage.setItem("token", this.value); } catch { /* likewise */ } },
};

async function ask(path, { method = "GET", body, type } = {}) {
  const headers = {};
  if (type) headers["Content-Type"] = type;
  if (method !== "GET" && token.value) headers.Authorization = `Bearer ${token.value}`;
  let answer;
  try { answer = await fetch(root + path, { method, body, headers }); } catch { throw new Trouble("连不上服务，请稍后再试。"); }
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  throw new Trouble(reason(answer, await answer.json().catch(() => ({}))));
}

function reason(answer, problem) {
  if (answer.status === 401 || answer.status === 403) {
    one("#token-field").hidden = false;
    one("#token").focus();
    return token.value ? "令牌不对，请检查后再试。" : "请先填写访问令牌。";
  }
  if (answer.status === 429) return `现在太忙，请在 ${answer.headers.get("Retry-After") ?? 60} 秒后再试。`;
  if (answer.status === 413) return "早报太长了。";
  return [problem.detail ?? `服务回答了 ${answer.status}。`, problem.hint].filter(Boolean).join(" ");
}

// Do it, and say where asked for what went wrong.
async function attempt(action) {
  const place = one("#trouble");
  place.textContent = "";
  try { return await action(); } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    place.textContent = error.message;
    place.scrollIntoView({ block: "nearest" });
    return null;
  }
}

// --- what there is

const jobs = new Map(); // by id, the last we heard of each
const streams = new Map(); // event streams by job id
let digests = [];
let episodes = [];

const player = new Player(one(".player"), all("audio"));
const file = (id) => `${root}/episodes/${id}/${id}.mp3`;

async function refresh() {
  const [listed, known, published] = await Promise.all([ask("/api/digests"), ask("/api/jobs"), ask("/page/episodes.json")]);
  ({ digests } = listed);
  ({ episodes } = published);
  jobs.clear();
  for (const job of known.jobs) jobs.set(job.id, job);
  for (const job of jobs.values()) settle(job);
  draw();
}

// News of a job.
function take(job) {
  const before = jobs.get(job.id);
  jobs.set(job.id, job);
  if (before?.state !== job.state) announce(job);
  draw();
  settle(job);
  if (!WORKING.includes(job.state) && before?.state !== job.state) refresh().catch(() => {});
}

// Follow a job that moves; leave one that does not, and let its listener have the finished file.
function settle(job) {
  if (WORKING.includes(job.state)) {
    if (!streams.has(job.id) && (streams.size < WATCHED || job.episode_id === player.id)) watch(job);
    return;
  }
  streams.get(job.id)?.close();
  streams.delete(job.id);
  if (job.state === "done" && player.live && player.id === job.episode_id) {
    player.finish(file(job.episode_id)).then(() => player.live || showWords(job.episode_id));
  }
}

function watch(job) {
  const stream = new EventSource(`${root}/api/jobs/${job.id}/events`);
  streams.set(job.id, stream);
  for (const name of ["queued", "script", "tts", "audio", "publish", "done", "failed", "cancelled"]) {
    stream.addEventListener(name, (event) => take(JSON.parse(event.data)));
  }
  stream.addEventListener("error", () => { // it comes back by itself unless the service refuses it
    if (stream.readyState === EventSource.CLOSED) streams.delete(job.id);
  });
}

function announce(job) {
  const words = { queued: "已排队", running: "开始制作", done: "做好了", failed: "没有做成", cancelled: "已取消" };
  one("#news").textContent = `${job.title}：${words[job.state]}`;
}

// --- the list

const day = (moment) => moment && new Intl.DateTimeFormat("zh-CN", { year: "numeric", month: "long", day: "numeric", timeZone: zone(moment) }).format(new Date(moment));
// The day it has where it was written, whatever the reader's own is.
const zone = (moment) => /([+-]\d\d:\d\d)$/.exec(moment)?.[1] ?? "UTC";
const span = (seconds) => (seconds < 60 ? `${Math.round(seconds)} 秒` : `${Math.floor(seconds / 60)} 分 ${Math.round(seconds % 60)} 秒`);
const minutes = (seconds) => `${Math.max(1, Math.round(seconds / 60))} 分钟`;
const stages = { "": "正在开始", script: "正在写文稿", tts: "正在合成语音", audio: "正在混音", publish: "正在发布" };

function progress(job) {
  if (job.state === "queued") return job.place > 1 ? `排队中，前面还有 ${job.place - 1} 期` : "排队中，下一个就是它";
  const parts = [stages[job.stage] ?? job.stage];
  if (job.stage === "tts" && job.total) {
    parts[0] += ` ${job.done}/${job.total}`;
    if (job.seconds_made) parts.push(`已有 ${span(job.seconds_made)}`);
    if (job.seconds_left) parts.push(`还要约 ${span(job.seconds_left)}`);
  }
  return parts.join("，");
}

// One entry for each thing in the list: {key, title, meta, text, job, actions: [name, label, what it does | address]}.
function entries() {
  const found = [];
  const there = new Set(episodes.map((episode) => episode.id));
  const listed = new Map(digests.map((digest) => [digest.id, digest]));
  const active = [...jobs.values()].filter((job) => WORKING.includes(job.state));
  active.sort((a, b) => (a.place ?? 0) - (b.place ?? 0));
  const busy = new Set(active.map((job) => job.episode_id));
  for (const job of active) {
    found.push({
      key: job.id, title: job.title, meta: day(job.published), job,
      actions: [["listen", "边做边听", () => listen(job)], ["cancel", "取消", () => cancel(job)]],
    });
  }
  const failed = new Set();
  for (const job of jobs.values()) { // the newest first
    if (job.state !== "failed" || there.has(job.episode_id) || busy.has(job.episode_id) || failed.has(job.episode_id)) continue;
    failed.add(job.episode_id);
    const again = listed.has(job.id) ? [["make", "再试一次", () => begin({ id: job.id })]] : [];
    found.push({ key: job.id, title: job.title, meta: `${day(job.published)} · 没有做成`, text: [job.problem, job.hint].filter(Boolean).join(" "), actions: again });
  }
  for (const digest of digests) {
    if (found.some((entry) => entry.key === digest.id)) continue;
    if (digest.state === "unreadable") {
      found.push({ key: digest.id, title: digest.name, meta: "读不懂这份早报", text: digest.problem, actions: [] });
    } else {
      found.push({
        key: digest.id, title: digest.title, meta: `${day(digest.published)} · ${digest.items} 条 · 还没有制作`,
        actions: [["make", "制作并收听", () => begin({ id: digest.id })], ["preview", "预览文稿", () => preview({ id: digest.id })]],
      });
    }
  }
  for (const episode of episodes) {
    found.push({
      key: `episode ${episode.id}`, title: episode.title, meta: `${day(episode.published)} · ${minutes(episode.duration_seconds)}`, text: episode.summary,
      actions: [
        ["play", "播放", () => hear(episode)],
        ["download", `下载 MP3（${(episode.length_bytes / 1e6).toFixed(1)} MB）`, `${file(episode.id)}?download`],
        ["page", "节目页", `${root}/episodes/${episode.id}/`],
      ],
    });
  }
  return found;
}

const rows = new Map(); // list items by key

function draw() {
  const list = one("#list");
  const wanted = entries();
  const keys = new Set(wanted.map((entry) => entry.key));
  for (const [key, row] of rows) {
    if (keys.has(key)) continue;
    if (row.contains(document.activeElement)) one("#list-title").focus(); // what had the focus is gone
    row.remove();
    rows.delete(key);
  }
  wanted.forEach((entry, place) => {
    if (!rows.has(entry.key)) rows.set(entry.key, row());
    const item = rows.get(entry.key);
    if (list.children[place] !== item) list.insertBefore(item, list.children[place] ?? null);
    fill(item, entry);
  });
  one("#empty").hidden = wanted.length > 0;
}

function row() {
  return make("li", { className: "card" }, make("p", { className: "meta" }), make("h3"), make("p", { className: "blurb" }),
    make("div", { className: "making" }, make("progress"), make("p", { className: "hint" })), make("p", { className: "buttons" }));
}

function fill(item, { title, meta, text = "", job, actions }) {
  const put = (selector, words) => { const place = one(selector, item); if (place.textContent !== words) place.textContent = words; };
  put(".meta", meta);
  put("h3", title);
  put(".blurb", text);
  one(".blurb", item).hidden = !text;
  one(".making", item).hidden = !job;
  if (job) {
    put(".making .hint", progress(job));
    const bar = one("progress", item);
    bar.setAttribute("aria-label", `${title}的进度`);
    if (job.stage === "tts" && job.total) Object.assign(bar, { max: job.total, value: job.done });
    else bar.removeAttribute("value");
  }
  const names = actions.map(([name, label]) => `${name} ${label}`).join("\n");
  if (item.dataset.actions === names) return;
  item.dataset.actions = names;
  const focused = one(".buttons", item).contains(document.activeElement);
  one(".buttons", item).replaceChildren(...actions.map(([name, label, target]) => action(name, label, target, title)));
  if (focused) (one(".buttons > *", item) ?? one("#list-title")).focus({ preventScroll: true });
}

function action(name, label, target, title) {
  const first = ["make", "listen", "play"].includes(name) ? " primary" : "";
  const shown = { className: `button${first}`, textContent: label, ariaLabel: `${label}：${title}` };
  if (typeof target === "string") return make("a", { ...shown, href: target });
  const button = make("button", { ...shown, type: "button" });
  button.dataset.action = name;
  button.addEventListener("click", target);
  return button;
}

// --- making and hearing

// A digest is one of {id}, {file}, {text}.
function parcel({ id, file: chosen, text }) {
  if (id) return { method: "POST", type: "application/json", body: JSON.stringify({ digest: id }) };
  if (!chosen) return { method: "POST", type: "text/markdown; charset=utf-8", body: text };
  const form = new FormData();
  form.append("digest", chosen);
  return { method: "POST", body: form };
}

function begin(digest) {
  player.unlock();
  return attempt(async () => {
    const job = await ask("/api/episodes", parcel(digest));
    if (job.state === "done") { await refresh(); hear({ id: job.episode_id, title: job.title }); return; }
    listen(job);
    take(job);
    one("#list-title").scrollIntoView({ block: "start" });
    if (document.activeElement === document.body) one("#list-title").focus({ preventScroll: true }); // the preview is closed
  });
}

function listen(job) {
  player.unlock();
  hideWords();
  player.playLive(job.episode_id, job.title, `${root}${job.urls.live}`);
  settle(job);
}

function hear(episode) {
  player.playFile(episode.id, episode.title, file(episode.id));
  showWords(episode.id);
}

const cancel = (job) => attempt(async () => {
  await ask(`/api/jobs/${job.id}`, { method: "DELETE" });
  await refresh();
});

// --- the transcript, in step with the audio

let cues = [];
let wordsOf = null;

function hideWords() {
  one("#words").hidden = one("#to-words").hidden = true;
  [cues, wordsOf] = [[], null];
}

async function showWords(id) {
  if (wordsOf === id) return;
  hideWords();
  wordsOf = id;
  const { segments } = await ask(`/episodes/${id}/transcript.json`).catch(() => ({ segments: [] }));
  if (wordsOf !== id || !segments.length) return;
  const paragraphs = [];
  segments.forEach((segment, place) => {
    const before = segments[place - 1];
    const other = segment.speaker !== before?.speaker;
    if (other || segment.startTime - before.endTime >= 0.5) {
      paragraphs.push(make("p", {}, ...(other ? [make("span", { className: "speaker", textContent: segment.speaker })] : [])));
    }
    const link = make("a", { className: "cue", href: `${file(id)}#t=${segment.startTime}`, textContent: segment.body });
    link.dataset.start = segment.startTime;
    paragraphs.at(-1).append(link, /[!-~]$/.test(segment.body) ? " " : "");
  });
  one("#words .transcript").replaceChildren(...paragraphs);
  cues = all("#words .cue");
  cues.slice(1).forEach((cue) => { cue.tabIndex = -1; }); // one stop for the Tab key; arrows lead on
  one("#words").hidden = one("#to-words").hidden = false;
}

one("#words .transcript").addEventListener("click", (event) => {
  const cue = event.target.closest(".cue");
  if (!cue) return;
  event.preventDefault();
  player.seek(Number(cue.dataset.start));
  player.play();
});
one("#words .transcript").addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  const target = step && cues[cues.indexOf(document.activeElement) + step];
  if (!target) return;
  event.preventDefault();
  for (const cue of cues) cue.tabIndex = cue === target ? 0 : -1;
  target.focus();
});
player.addEventListener("moved", ({ detail: { time } }) => {
  const now = cues.findLastIndex((cue) => Number(cue.dataset.start) <= time + 0.05);
  cues.forEach((cue, place) => {
    if (place === now) cue.setAttribute("aria-current", "true");
    else cue.removeAttribute("aria-current");
  });
});

// --- a new digest

const text = one("#text");
let chosen = null; // the file, as long as its text is untouched: its name tells one digest of a day from another

const written = () => {
  if (chosen) return { file: chosen };
  if (text.value.trim()) return { text: text.value };
  throw new Trouble("请先粘贴一份早报。");
};

async function open(taken) {
  await attempt(async () => {
    if (limits.digest_bytes && taken.size > limits.digest_bytes) throw new Trouble(`文件太大了，最多 ${Math.floor(limits.digest_bytes / 1024)} KB。`);
    text.value = await taken.text();
    chosen = taken;
    one("#text-hint").textContent = `已选择 ${taken.name}`;
  });
}

text.addEventListener("input", () => { chosen = null; one("#text-hint").textContent = "粘贴正文，或把 .md 文件拖进来。"; });
one("#file").addEventListener("change", ({ target }) => { if (target.files[0]) open(target.files[0]); target.value = ""; });
for (const name of ["dragover", "dragleave", "drop"]) {
  one("#form").addEventListener(name, (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    one("#form").classList.toggle("over", name === "dragover");
    if (name === "drop" && event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
  });
}
one("#token").addEventListener("input", () => token.keep());
one("#form").addEventListener("submit", (event) => { event.preventDefault(); start(written); });
one("#preview").addEventListener("click", () => attempt(() => preview(written())));

function start(digest) {
  return attempt(() => {
    const taken = digest();
    closeDraft();
    return begin(taken);
  });
}

// --- its preview

let drafted = null; // the digest that is shown

async function preview(digest) {
  await attempt(async () => {
    const draft = await ask("/api/preview", parcel(digest));
    drafted = digest;
    one("#draft-title").textContent = draft.title;
    const length = draft.characters ? ` · 约 ${minutes((draft.characters / SYLLABLES_A_MINUTE) * 60)}` : "";
    one("#draft-facts").textContent = `${day(draft.published)} · ${draft.items} 条 · ${draft.characters} 字${length}`;
    one("#draft-warnings").replaceChildren(...draft.warnings.map((words) => make("li", { textContent: words })));
    one("#draft-warnings").hidden = !draft.warnings.length;
    drawReadings(draft.report);
    drawScript(draft.segments);
    one("#draft").hidden = false;
    one("#draft").focus({ preventScroll: true });
    one("#draft").scrollIntoView({ block: "start" });
  });
}

function drawReadings(report) {
  const unsure = report.filter((reading) => !reading.sure);
  const count = unsure.length ? `，其中 ${unsure.length} 处请留意` : "";
  one("#readings summary").textContent = `读法：${report.length} 处念的和写的不同${count}`;
  one("#readings").hidden = !report.length;
  one("#readings").open = unsure.length > 0;
  const context = (words) => make("span", { className: "context", textContent: words.replaceAll("\n", " ") });
  one("#readings tbody").replaceChildren(...[...unsure, ...report.filter((reading) => reading.sure)].map((reading) => make(
    "tr", { className: reading.sure ? "" : "unsure" },
    make("td", {}, context(reading.before), make("b", { textContent: reading.written }), context(reading.after)),
    make("td", { textContent: reading.spoken || "（不读）" }),
    make("td", { textContent: [reading.sure ? "" : "请留意", reading.rule, reading.note].filter(Boolean).join(" · ") }),
    make("td", { textContent: reading.times }),
  )));
}

function drawScript(segments) {
  const parts = segments.flatMap((segment) => [
    make("h3", { textContent: segment.title }),
    ...segment.utterances.map((utterance) => make("p", {},
      make("span", { className: "written", textContent: utterance.text }),
      ...(utterance.spoken === utterance.text ? [] : [make("span", { className: "spoken", textContent: utterance.spoken })]))),
  ]);
  one("#script .lines").replaceChildren(...parts);
  one("#script").open = true;
}

function closeDraft() {
  one("#draft").hidden = true;
  drafted = null;
}

one("#draft-make").addEventListener("click", () => { const digest = drafted; closeDraft(); begin(digest); });
one("#draft-close").addEventListener("click", () => { closeDraft(); text.focus(); });
one("#spoken").addEventListener("change", ({ target }) => one("#script").classList.toggle("aloud", target.checked));

// --- the beginning

let limits = {};
token.load();
one("#list-title").tabIndex = -1;
await attempt(async () => {
  const service = await ask("/api/service");
  limits = service;
  one("#token-field").hidden = !service.token_needed;
  await refresh();
});
setInterval(() => { if (document.visibilityState === "visible") refresh().catch(() => {}); }, POLL_SECONDS * 1000);
