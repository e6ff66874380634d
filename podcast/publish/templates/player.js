// The player of an episode's page, and the button that copies the feed's address.  Without this script the page plays
// through the browser's own controls and every link still leads to its place in the audio.
"use strict";

(() => {
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const clamp = (value, low, high) => Math.min(Math.max(low, value), high);

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

  for (const element of all(".scripted")) element.hidden = false;

  const copy = one("#copy"), address = one("#feed-url");
  const copied = async () => {
    try {
      await navigator.clipboard.writeText(address.value);
      return true;
    } catch { // not on https, or not allowed: the older way, and where that fails too the address is selected
      address.closest("details").open = true;
      address.select();
      return document.execCommand("copy");
    }
  };
  address?.addEventListener("focus", () => address.select());
  copy?.addEventListener("click", async () => {
    if (!(await copied())) return;
    const label = copy.textContent, status = one("#copy-status");
    if (label === copy.dataset.copied) return; // pressed twice
    copy.textContent = status.textContent = copy.dataset.copied;
    setTimeout(() => { copy.textContent = label; status.textContent = ""; }, 2000);
  });

  const audio = one("#audio");
  if (!audio) return;
  const key = `position ${one("article").dataset.guid}`;
  const position = one("#position"), elapsed = one("#elapsed"), now = one("#now"), speed = one("#speed");
  const chapters = all(".chapters .seek"), cues = all(".cue"), transcript = one(".transcript");
  const total = Number(position.max);
  const start = (element) => Number(element.dataset.start);
  const title = (chapter) => one(".name", chapter).textContent;
  const last = (elements, time) => elements.findLastIndex((element) => start(element) <= time + 0.05);
  const root = document.documentElement;
  let chapter = -1, cue = -1, dragging = false, kept = 0, wanted = 0; // wanted: where to go once the length is known

  audio.controls = false;
  root.classList.add("playing-here");

  const startPlaying = () => audio.play().catch(() => {}); // what went wrong is told by the event "error"
  const time = () => (audio.readyState > 0 ? audio.currentTime : wanted);
  const seek = (to, play = false) => {
    wanted = clamp(to, 0, Number.isFinite(audio.duration) ? audio.duration : total);
    if (audio.readyState > 0) audio.currentTime = wanted;
    if (play) startPlaying();
    show();
  };

  // One tab stop for the whole transcript: the sentence being spoken, or where the reader is.  The arrow keys go from
  // sentence to sentence.
  const stop = (element) => {
    const before = one('[tabindex="0"]', transcript);
    if (before) before.tabIndex = -1;
    element.tabIndex = 0;
  };
  for (const element of cues) element.tabIndex = -1;
  if (cues.length) stop(cues[0]);
  transcript.addEventListener("focusin", (event) => { if (cues.includes(event.target)) stop(event.target); });

  const mark = (elements, before, after) => {
    if (before === after) return;
    elements[before]?.removeAttribute("aria-current");
    elements[after]?.setAttribute("aria-current", "true");
  };

  // Follow the speech only while the reader is looking at the transcript.
  const follow = (before, after) => {
    const box = before?.getBoundingClientRect();
    if (audio.paused || !after || !box || box.bottom < 0 || box.top > innerHeight) return;
    const { top, bottom } = after.getBoundingClientRect();
    if (top > 60 && bottom < innerHeight - 200) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    after.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
  };

  function show() {
    const at = time();
    if (!dragging) {
      position.value = at;
      elapsed.textContent = clock(at);
    }
    position.setAttribute("aria-valuetext", `${clock(position.value)}，共 ${one("#total").textContent}`);
    const played = one("#played");
    if (played) played.style.width = `${(100 * at) / total}%`;
    const inChapter = last(chapters, at), spoken = last(cues, at);
    mark(chapters, chapter, inChapter);
    if (inChapter !== chapter && inChapter >= 0) now.textContent = title(chapters[inChapter]);
    mark(cues, cue, spoken);
    if (spoken !== cue) {
      follow(cues[cue], cues[spoken]);
      if (spoken >= 0 && !transcript.contains(document.activeElement)) stop(cues[spoken]);
    }
    [chapter, cue] = [inChapter, spoken];
  }

  const keep = () => {
    kept = time();
    if (audio.ended) memory.remove(key);
    else if (kept > 0) memory.set(key, kept.toFixed(1));
  };

  const skip = (step) => {
    const late = step < 0 && time() - start(chapters[chapter] ?? chapters[0]) > 3; // back to this one's start first
    const target = chapters[clamp(chapter + (late ? 0 : step), 0, chapters.length - 1)];
    if (target) seek(start(target));
  };

  const actions = {
    toggle: () => (audio.paused ? startPlaying() : audio.pause()),
    back: (details) => seek(time() - (details?.seekOffset ?? 15)),
    forward: (details) => seek(time() + (details?.seekOffset ?? 30)),
    previous: () => skip(-1),
    next: () => skip(1),
  };
  for (const button of all("[data-do]")) button.addEventListener("click", () => actions[button.dataset.do]());

  const label = () => {
    root.classList.toggle("playing", !audio.paused);
    for (const button of all('[data-do="toggle"]')) {
      const words = one("[data-label]", button);
      if (!words) button.setAttribute("aria-label", audio.paused ? "播放" : "暂停");
      else if (!audio.paused) words.textContent = "暂停";
      else words.textContent = time() >= 1 && !audio.ended ? `从 ${clock(time())} 继续` : "播放本期";
    }
  };

  for (const link of [...chapters, ...cues]) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      seek(start(link), true);
    });
  }

  // The waveform for those who point; the slider does the same for everyone.
  one("#waveform")?.addEventListener("click", (event) => {
    const box = event.target.getBoundingClientRect();
    seek((total * (event.clientX - box.left)) / box.width, true);
  });

  transcript.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const from = cues.indexOf(document.activeElement);
    const target = step && from >= 0 && cues[from + step];
    if (!target) return;
    event.preventDefault();
    target.focus();
  });

  position.addEventListener("input", () => { dragging = true; elapsed.textContent = clock(position.value); });
  position.addEventListener("change", () => { dragging = false; seek(Number(position.value)); });
  const pace = () => { audio.defaultPlaybackRate = audio.playbackRate = Number(speed.value); }; // loading resets to default
  speed.addEventListener("change", () => { pace(); memory.set("speed", speed.value); });

  audio.addEventListener("loadedmetadata", () => { if (wanted) audio.currentTime = wanted; show(); });
  audio.addEventListener("timeupdate", () => {
    show();
    if (Math.abs(time() - kept) >= 5) keep();
  });
  audio.addEventListener("seeked", label);
  for (const name of ["play", "pause", "ended"]) audio.addEventListener(name, label);
  for (const name of ["pause", "ended"]) audio.addEventListener(name, keep);
  addEventListener("pagehide", keep); // a phone may end the page without a pause
  audio.addEventListener("error", () => { one("#trouble").textContent = "音频没有载入。请检查网络后刷新，或下载 MP3。"; });
  audio.addEventListener("playing", () => { one("#trouble").textContent = ""; });

  if ("mediaSession" in navigator) {
    const session = navigator.mediaSession;
    const cover = new URL(audio.dataset.cover, location.href).href;
    const artwork = cover.startsWith("http") ? [{ src: cover }] : []; // none from a disk: browsers take http only
    const chapterInfo = chapters.map((element) => ({ title: title(element), startTime: start(element) }));
    const { title: name, show: artist } = audio.dataset;
    session.metadata = new MediaMetadata({ title: name, artist, album: artist, artwork, chapterInfo });
    const answers = {
      seekbackward: actions.back,
      seekforward: actions.forward,
      previoustrack: actions.previous,
      nexttrack: actions.next,
      seekto: (details) => seek(details.seekTime),
    };
    for (const [name, answer] of Object.entries(answers)) {
      try { session.setActionHandler(name, answer); } catch { /* an action this browser does not know */ }
    }
    const state = () => {
      if (!Number.isFinite(audio.duration)) return;
      const place = { duration: audio.duration, playbackRate: audio.playbackRate };
      session.setPositionState?.({ ...place, position: Math.min(audio.currentTime, audio.duration) });
    };
    for (const name of ["loadedmetadata", "seeked", "ratechange", "play"]) audio.addEventListener(name, state);
  }

  const paceBefore = memory.get("speed");
  if ([...speed.options].some((option) => option.value === paceBefore)) speed.value = paceBefore;
  pace();
  const asked = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash);
  seek(asked ? Number(asked[1]) : Number(memory.get(key)) || 0);
  label();
})();
