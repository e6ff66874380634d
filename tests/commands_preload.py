"""What the processes of `tests.commands.run` are forked from: a program that has loaded, and done nothing."""

import podcast.cli
import podcast.commands.making
import podcast.console
import podcast.production
import podcast.publish.remote
import podcast.publish.upload
import podcast.serve.preload  # has read a digest, so that dictionaries and rules are in memory
import podcast.sources
import podcast.tts.kokoro
import podcast.unchanged  # noqa: F401 -- all of these
