"""A Chinese news digest, spoken.

    digest file ──digest/──▶ Digest ──script/──▶ Script ──text/──▶ (spoken text in every utterance)
        ──tts/──▶ Clips ──audio/──▶ Master (mp3) ──publish/──▶ episode folder, feed.xml, web pages

`podcast.pipeline.make_episode()` reads as that line.
"""

__version__ = "0.1.0"
