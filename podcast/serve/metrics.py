"""What Prometheus asks for."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from podcast.serve.jobs import Job, State
from podcast.serve.studio import Outcome

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SECONDS = (0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 600, 1800)  # from tags of a cached episode to one by a slow engine
_ENGINE_ERRORS = ("EngineUnavailable", "SpeechRefused", "QualityError")


class Metrics:
    """Has a registry of its own: two servers in one program, as in tests, do not add up."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._jobs = Gauge("podcast_jobs", "Jobs that are remembered", ["state"], registry=self._registry)
        self._finished = Counter(
            "podcast_jobs_finished", "Jobs that came to an end", ["state"], registry=self._registry
        )
        self._stages = Histogram(
            "podcast_stage_seconds", "Wall time of a stage", ["stage"], buckets=_SECONDS, registry=self._registry
        )
        self._clips = Counter("podcast_clips", "Utterances of episodes", ["origin"], registry=self._registry)
        self._faults = Counter("podcast_engine_faults", "Jobs an engine failed", ["reason"], registry=self._registry)
        self._passed_over = Counter(
            "podcast_engine_warnings", "Warnings of jobs that were done, an engine passed over among them",
            registry=self._registry,
        )  # fmt: skip
        for origin in ("cache", "engine"):
            self._clips.labels(origin)
        for reason in _ENGINE_ERRORS:
            self._faults.labels(reason)

    def ended(self, job: Job, outcome: Outcome | None) -> None:
        self._finished.labels(job.state).inc()
        if job.error in _ENGINE_ERRORS:
            self._faults.labels(job.error).inc()
        if outcome:
            self._clips.labels("cache").inc(outcome.cached)
            self._clips.labels("engine").inc(outcome.synthesized)
            self._passed_over.inc(len(outcome.warnings))
            for stage, seconds in outcome.seconds.items():
                self._stages.labels(stage).observe(seconds)

    def text(self, counts: Mapping[State, int]) -> bytes:
        """`counts`: jobs by state, now."""
        for state, count in counts.items():
            self._jobs.labels(state).set(count)
        return generate_latest(self._registry)
