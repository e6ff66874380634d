#!/usr/bin/env bash
# Make the episodes of a folder of digests and publish what changed: for cron, a systemd timer, or a person.
#
#   scripts/daily.sh CONTENT [TARGET]      in the folder of podcast.toml
#
#   CONTENT   folder of digests, or one digest
#   TARGET    s3://bucket/prefix or a folder; without it nothing is sent: the public folder is the place itself
#
#   PODCAST          the command                       (default: the checkout's own in .venv, else podcast)
#   PODCAST_CONFIG   the settings                      (default: podcast.toml)
#   PODCAST_PUBLIC   the public folder                 (default: public)
#   PODCAST_LOG      where the last runs are told of   (default: daily.log)
#
# Nothing is printed when all is well.  Otherwise it prints what podcast said, so that cron sends it by mail, and ends
# with podcast's status: 2 something is not in order, 3 no engine could speak, 4 an episode failed its checks.  Episodes
# that could be made are published even where another could not.  While another run is at work it ends at once with 75.
set -euo pipefail

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2
    exit 2
fi
content=$1 target=${2:-}
own=$(cd "$(dirname "$0")/.." && pwd)/.venv/bin/podcast
[ -x "$own" ] || own=podcast
podcast=${PODCAST:-$own}
config=${PODCAST_CONFIG:-podcast.toml}
public=${PODCAST_PUBLIC:-public}
log=${PODCAST_LOG:-daily.log}

if [ ! -f "$config" ]; then
    echo "daily: there is no $config; go to its folder, set PODCAST_CONFIG, or make one with podcast init" >&2
    exit 2
fi
mkdir -p "$public" "$(dirname "$log")"
# Held until this shell ends, however it ends.  Where there is no flock (macOS) podcast's own lock of the folder does.
exec 9>"$public/.daily.lock"
if command -v flock >/dev/null && ! flock --nonblock 9; then
    echo "daily: another run is at work in $public" >&2
    exit 75 # EX_TEMPFAIL of sysexits.h
fi

said=$(mktemp)
trap 'rm -f "$said"' EXIT
status=0
"$podcast" make "$content" --config "$config" --output "$public" >>"$said" 2>&1 9>&- || status=$?

# What was made is sent though another digest failed (2, 3, 4), not after Ctrl-C or a kill.
if [ -n "$target" ] && [ $status -lt 128 ] && [ -f "$public/feed.xml" ]; then
    sending=0
    "$podcast" publish "$target" --config "$config" --output "$public" >>"$said" 2>&1 9>&- || sending=$?
    if [ $sending -gt $status ]; then status=$sending; fi
fi

{
    echo "== $(date '+%Y-%m-%d %H:%M:%S %z') status $status"
    cat "$said"
} >>"$log"
if [ "$(wc -l <"$log")" -gt 5000 ]; then # a year or more
    tail -n 2500 "$log" >"$log.new"
    mv "$log.new" "$log"
fi
if [ $status -ne 0 ]; then cat "$said" >&2; fi
exit $status
