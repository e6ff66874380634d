# podcast with the offline voice and S3:
#   docker build -t podcast .
#   docker run --rm -v "$PWD:/work" -v podcast-cache:/cache podcast make digests -o public
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY podcast podcast
COPY assets assets
# --no-compile: byte code would be a tenth of the image; it is made in memory when it runs.
RUN python -m venv /opt/podcast \
    && /opt/podcast/bin/pip install --no-cache-dir --no-compile ".[cluster,kokoro,s3,serve]" \
    && /opt/podcast/bin/pip uninstall --yes pip

FROM python:3.12-slim
COPY --from=build /opt/podcast /opt/podcast
COPY scripts/daily.sh /opt/podcast/daily.sh
# Not root.  The id is that of the first user of most machines, so that what it writes in /work is theirs;
# `docker run --user` names another.
RUN mkdir -p /cache /work && chown 1000:1000 /cache /work
USER 1000
ENV PATH=/opt/podcast/bin:$PATH \
    PODCAST=/opt/podcast/bin/podcast \
    PODCAST_TTS__CACHE=/cache \
    PYTHONDONTWRITEBYTECODE=1
VOLUME /cache
WORKDIR /work
ENTRYPOINT ["podcast"]
CMD ["--help"]
