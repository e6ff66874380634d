// The player: plays an episode while it is being made, and goes over to the finished file at the same place.
//
// There are two audio elements.  While one plays the live stream the other loads the finished file, is brought to the
// same place, and takes over: nothing is heard twice and nothing is missed.  Both have the same timing.

const TOGETHER_SECONDS = 0.03; // closer than this nobody hears the change
const TRIES = 4; // to get as close as that

export const clock = (time) => {
  const whole = Math.max(0, Math.floor(time));
  const parts = [Math.floor(whole / 60) % 60, whole % 60];
  if (whole >= 3600) parts.unshift(Math.floor(whole / 3600));
  return parts.map((part, place) => (place || parts.length === 2 ? String(part).padStart(2, "0") : part)).join(":");
};

const once = (audio, name) => new Promise((resolve, reject) => {
  audio.addEventListener(name, resolve, { once: true });
  audio.addEventListener("error", () => reject(audio.error), { once: true });
});

// A tenth of a second of silence.  Phones let a page start an element later on only if a tap has started it before, and
// between the tap and the first sound lies a request.
const silence = () => {
  const view = new DataView(new ArrayBuffer(844));
  const word = (place, text) => [...text].forEach((letter, step) => view.setUint8(place + step, letter.charCodeAt(0)));
  word(0, "RIFF"); view.setUint32(4, 836, true); word(8, "WAVEfmt "); view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); view.setUint16(22, 1, true); view.setUint32(24, 8000, true); view.setUint32(28, 8000, true);
  view.setUint16(32, 1, true); view.setUint16(34, 8, true); word(36, "data"); view.setUint32(40, 800, true);
  for (let place = 44; place < 844; place += 1) view.setUint8(place, 128);
  return URL.createObjectURL(new Blob([view], { type: "audio/wav" }));
};

export class Player extends EventTarget {
  constructor(section, audios) {
    super();
    this.section = section;
    [this.audio, this.spare] = audios;
    this.live = false;
    this.id = null; // of the episode
    this.part = (name) => section.querySelector(name);
    this.position = this.part("#position");
    for (const audio of audios) {
      for (const name of ["play", "pause", "timeupdate", "durationchange", "waiting", "playing", "ended", "error"]) {
        audio.addEventListener(name, () => audio === this.audio && this.#changed(name));
      }
    }
    for (const button of section.querySelectorAll("[data-do]")) {
      button.addEventListener("click", () => this.#actions[button.dataset.do]());
    }
    this.position.addEventListener("input", () => { this.dragging = true; this.part("#elapsed").textContent = clock(this.position.value); });
    this.position.addEventListener("change", () => { this.dragging = false; this.seek(Number(this.position.value)); });
    for (const [name, action] of [["seekbackward", "back"], ["seekforward", "forward"], ["play", "toggle"], ["pause", "toggle"]]) {
      navigator.mediaSession?.setActionHandler(name, this.#actions[action]);
    }
  }

  #actions = {
    toggle: () => (this.audio.paused ? this.play() : this.audio.pause()),
    back: () => this.seek(this.audio.currentTime - 15),
    forward: () => this.seek(this.audio.currentTime + 30),
  };

  // To be called while a tap is being answered, before anything is waited for.
  unlock() {
    if (this.unlocked || !this.audio.paused) return; // what is playing has been started by a tap
    this.unlocked = true;
    const address = silence();
    for (const audio of [this.audio, this.spare]) {
      audio.src = address;
      audio.play().catch((error) => { if (error.name === "NotAllowedError") this.unlocked = false; });
    }
  }

  // The episode while it is being made.
  playLive(id, title, address) {
    if (this.live && this.id === id) return this.play();
    return this.#begin(id, title, address, true);
  }

  playFile(id, title, address) {
    if (!this.live && this.id === id) return this.play();
    return this.#begin(id, title, address, false);
  }

  #begin(id, title, address, live) {
    Object.assign(this, { id, live, title, trouble: false });
    this.section.hidden = false;
    document.documentElement.classList.add("playing-here");
    this.part("#now").textContent = title;
    this.audio.src = address;
    if (navigator.mediaSession) navigator.mediaSession.metadata = new MediaMetadata({ title, artist: document.body.dataset.show });
    this.#changed("began");
    return this.play();
  }

  play() {
    return this.audio.play().catch((error) => { if (error.name === "NotAllowedError") this.#say("按播放键开始"); });
  }

  seek(time) {
    const limit = Number.isFinite(this.audio.duration) ? this.audio.duration : this.#loaded();
    this.audio.currentTime = Math.min(Math.max(0, time), limit);
  }

  // The live stream's episode is whole: go over to its file.  Where that fails the stream, whole by now, plays on.
  async finish(address) {
    if (!this.live || this.finishing) return;
    const { audio: old, spare: next, id } = this;
    this.finishing = true;
    const listening = !old.paused && !old.ended;
    try {
      next.muted = true;
      next.src = address;
      next.playbackRate = old.playbackRate;
      await once(next, "canplay");
      await this.#meet(old, next, listening);
    } catch {
      if (!this.trouble) return;
    } finally {
      this.finishing = false;
    }
    if (this.id !== id || !this.live) { next.removeAttribute("src"); return; } // something else was chosen meanwhile
    [this.audio, this.spare] = [next, old];
    this.live = false;
    next.muted = false;
    old.pause();
    old.removeAttribute("src");
    old.load();
    this.#changed("finished");
  }

  // Bring `next` to the place of `old`: a seek takes a moment, in which `old` plays on, so how long it took is added.
  async #meet(old, next, listening) {
    let lead = 0;
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      next.currentTime = Math.min(old.currentTime + lead, next.duration);
      await once(next, "seeked");
      if (!listening || old.paused || old.ended) return;
      await next.play();
      await new Promise((resolve) => { setTimeout(resolve, 60); }); // until its clock runs
      const late = old.currentTime - next.currentTime;
      if (Math.abs(late) < TOGETHER_SECONDS) return;
      lead += late;
    }
  }

  #loaded() {
    const { buffered } = this.audio;
    return buffered.length ? buffered.end(buffered.length - 1) : 0;
  }

  #say(text) {
    if (this.part("#state").textContent !== text) this.part("#state").textContent = text;
  }

  #changed(name) {
    const { audio } = this;
    const playing = !audio.paused && !audio.ended;
    document.documentElement.classList.toggle("playing", playing);
    this.part(".main").setAttribute("aria-label", playing ? "暂停" : "播放");
    if (name === "error" && audio.getAttribute("src")) this.trouble = true;
    if (this.trouble) this.#say(this.live ? "直播断了，做完后接着播" : "无法播放");
    else if (name === "waiting" || name === "began") this.#say(this.live ? "正在等下一句" : "正在载入");
    else if (audio.readyState > 2 || name === "playing" || name === "finished") this.#say(this.live ? "边做边听" : "");
    const known = !this.live && Number.isFinite(audio.duration);
    this.position.disabled = !known;
    this.position.max = known ? Math.ceil(audio.duration) : Math.max(1, Math.ceil(this.#loaded()));
    this.part("#total").textContent = known ? clock(audio.duration) : "";
    if (!this.dragging) {
      this.position.value = audio.currentTime;
      this.part("#elapsed").textContent = clock(audio.currentTime);
    }
    this.position.setAttribute("aria-valuetext", clock(audio.currentTime));
    this.dispatchEvent(new CustomEvent("moved", { detail: { time: audio.currentTime, playing } }));
  }
}
