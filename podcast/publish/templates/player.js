// The player of an episode's page, and the button that copies the feed's address.  Without this script the page plays
// through the browser's own controls and every link still leads to its place in the audio.
"use strict";

(() => {
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // localStorage throws where cookies are blocked or the page comes from a disk.
  const memory = {
    get(key) { try { return localStorage.getItem(key); } catch { return null; } },
    set(key, value) { try { localStorage.setItem(key, value); } catch { /* not kept, then */ } },
    remove(key) { try { localStorage.removeItem(key); } catch { /* likewise */ } },
  };

  const clock = (time) => {
    const whole = Math.max(0, Math.floor(time));
    const parts = [Math.floor(whole / 60) % 60, whole % 60];
    if (whole >= 3600) parts.unshift(Math.floor(whole / 3600));
    return parts.map((part, place) => (place || parts.length === 2 ? String(part).padStart(2, "0") : part)).join(":");
  };

  for (const link of all("a.copy")) {
    const label = link.textContent;
    link.addEventListener("click", async (event) => {
      if (!navigator.clipboard) return; // then it is a link to the feed
      event.preventDefault();
      try {
        await navigator.clipboard.writeText(link.href);
        link.textContent = link.dataset.copied;
        one("#copy-status").textContent = link.dataset.copied;
        setTimeout(() => { link.textContent = label; one("#copy-status").textContent = ""; }, 2000);
      } catch { location.href = link.href; }
    });
  }

  const audio = one("#audio");
  if (!audio) return;
  const guid = one("article").dataset.guid;
  const position = one("#position"), elapsed = one("#elapsed"), now = one("#now"), speed = one("#speed");
  const chapters = all(".chapters .seek"), cues = all(".cue");
  const start = (element) => Number(element.dataset.start);
  const title = (chapter) => one(".name", chapter).textContent;
  const last = (elements, time) => elements.findLastIndex((element) => start(element) <= time + 0.05);
  let chapter = -1, cue = -1, dragging = false, kept = 0;

  for (const element of all(".scripted")) element.hidden = false;
  audio.controls = false;
  document.documentElement.classList.add("playing-here");

  const seek = (time, play = false) => {
    const limit = Number.isFinite(audio.duration) ? audio.duration : Number(position.max);
    const target = Math.min(Math.max(0, time), limit);
    if (audio.readyState > 0) audio.currentTime = target;
    else audio.addEventListener("loadedmetadata", () => { audio.currentTime = target; show(); }, { once: true });
    if (play) audio.play().catch(() => {});
    show(target);
  };

  const mark = (elements, before, after, scroll) => {
    if (before === after) return after;
    elements[before]?.removeAttribute("aria-current");
    elements[after]?.setAttribute("aria-current", "true");
    if (scroll && elements[after] && !audio.paused) scroll(elements[after]);
    return after;
  };

  // Follow the speech only while the reader is looking at the transcript.
  const follow = (element) => {
    const previous = cues[cue]?.getBoundingClientRect();
    const visible = previous && previous.bottom > 0 && previous.top < innerHeight;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const box = element.getBoundingClientRect();
    const outside = box.top < 60 || box.bottom > innerHeight - 200;
    if (visible && outside) element.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
  };

  function show(time = audio.currentTime) {
    if (!dragging) position.value = time;
    elapsed.textContent = clock(time);
    position.setAttribute("aria-valuetext", `${clock(time)}，共 ${one("#total").textContent}`);
    position.style.setProperty("--played", `${(100 * time) / Number(position.max)}%`);
    const before = chapter;
    chapter = mark(chapters, chapter, last(chapters, time));
    if (chapter !== before && chapter >= 0) now.textContent = title(chapters[chapter]);
    const spoken = last(cues, time);
    cue = mark(cues, cue, spoken, follow);
  }

  const skip = (chapterStep) => {
    const late = chapterStep < 0 && audio.currentTime - start(chapters[chapter] ?? chapters[0]) > 3;
    const target = chapters[Math.min(Math.max(0, chapter + (late ? 0 : chapterStep)), chapters.length - 1)];
    if (target) seek(start(target));
  };

  const actions = {
    toggle: () => (audio.paused ? audio.play().catch(() => {}) : audio.pause()),
    back: () => seek(audio.currentTime - 15),
    forward: () => seek(audio.currentTime + 30),
    previous: () => skip(-1),
    next: () => skip(1),
  };
  for (const button of all("[data-do]")) button.addEventListener("click", () => actions[button.dataset.do]());

  const paused = () => {
    document.documentElement.classList.toggle("playing", !audio.paused);
    for (const button of all('[data-do="toggle"]')) {
      const label = one("[data-label]", button);
      if (label) label.textContent = audio.paused ? "播放本期" : "暂停";
      else button.setAttribute("aria-label", audio.paused ? "播放" : "暂停");
    }
  };

  for (const link of [...chapters, ...cues]) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      seek(start(link), true);
    });
  }

  // One tab stop for the whole transcript; the arrow keys go from sentence to sentence.
  const stop = (element) => {
    for (const other of cues) other.tabIndex = -1;
    if (element) element.tabIndex = 0;
  };
  stop(cues[0]);
  one(".transcript")?.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const target = step && cues[cues.indexOf(document.activeElement) + step];
    if (!target) return;
    event.preventDefault();
    stop(target);
    target.focus();
  });

  position.addEventListener("input", () => { dragging = true; elapsed.textContent = clock(position.value); });
  position.addEventListener("change", () => { dragging = false; seek(Number(position.value)); });
  const pace = () => { audio.defaultPlaybackRate = audio.playbackRate = Number(speed.value); }; // loading resets to default
  speed.addEventListener("change", () => { pace(); memory.set("speed", speed.value); });
  audio.addEventListener("timeupdate", () => {
    show();
    if (Math.abs(audio.currentTime - kept) >= 5) {
      kept = audio.currentTime;
      memory.set(`position ${guid}`, kept.toFixed(1));
    }
  });
  for (const name of ["play", "pause"]) audio.addEventListener(name, paused);
  audio.addEventListener("pause", () => memory.set(`position ${guid}`, audio.currentTime.toFixed(1)));
  audio.addEventListener("ended", () => memory.remove(`position ${guid}`));

  if ("mediaSession" in navigator) {
    const session = navigator.mediaSession;
    const cover = new URL(audio.dataset.cover, location.href).href;
    const artwork = cover.startsWith("http") ? [{ src: cover }] : []; // none from a disk: browsers take http only
    session.metadata = new MediaMetadata({ title: audio.dataset.title, artist: audio.dataset.show, artwork });
    session.setActionHandler("seekbackward", actions.back);
    session.setActionHandler("seekforward", actions.forward);
    session.setActionHandler("previoustrack", actions.previous);
    session.setActionHandler("nexttrack", actions.next);
  }

  const wanted = memory.get("speed");
  if ([...speed.options].some((option) => option.value === wanted)) speed.value = wanted;
  pace();
  const asked = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash);
  const stored = Number(memory.get(`position ${guid}`) ?? 0);
  if (asked) seek(Number(asked[1]));
  else if (stored > 0) seek(stored);
  else show(0);
  paused();
})();
