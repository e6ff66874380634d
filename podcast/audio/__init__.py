"""The audio stage: clips -> master.

parts.py     script and clips -> parts, what is mixed and encoded together
voice.py     a clip -> its speech: trimmed, cleaned, measured  deess.py     sharp sibilants softened
music.py     music files -> samples at a known loudness        ducking.py   the gain of music under speech
mix.py       a part -> samples                                 peaks.py     true peak, and the limiter
mp3.py       samples -> frames; the frames of all parts joined
render.py    a part -> frames, measured as they decode         encoded.py   frames kept for the next time
timeline.py  when everything is heard
tags.py      the ID3 tag with its chapters
plot.py      the waveform as an SVG
master.py    make_master(), the list of these                  length.py    how much longer music makes it
live.py      the same as one stream, while clips still come
loudness.py  filters.py  ffmpeg.py  files.py    what they measure, filter, read and write with
"""

from podcast.audio.ffmpeg import ffmpeg_path
from podcast.audio.length import music_seconds
from podcast.audio.master import Music, Target, check_music, make_master
from podcast.audio.plot import waveform_svg
from podcast.audio.tags import Tags

__all__ = ["Music", "Tags", "Target", "check_music", "ffmpeg_path", "make_master", "music_seconds", "waveform_svg"]
