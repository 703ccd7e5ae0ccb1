#!/bin/sh
# A campaign: run.sh BUILD; run.sh --settings looks at the settings alone, before anything is built. FUZZ_SECONDS (until Ctrl-C),
# FUZZ_JOBS (every core), FUZZ_TARGET (ladder), FUZZ_OUT (a folder for each build), FUZZ_SEEDS (the corpus), FUZZ_SYNC (a folder that
# several machines share), FUZZ_HOST (this one's name in it).
# Status: 0 nothing was found, 1 something was, 2 usage, 3 the machine cannot fuzz.
set -u
build=$1
target=${FUZZ_TARGET:-ladder}
# shellcheck source=fuzz/campaign.sh
. fuzz/campaign.sh

# ---- settings
seconds=${FUZZ_SECONDS:-}
interval=${FUZZ_STATUS_SECONDS:-60}
[ -z "$seconds" ] || number FUZZ_SECONDS "$seconds"
[ -z "${FUZZ_JOBS:-}" ] || number FUZZ_JOBS "$FUZZ_JOBS"
number FUZZ_STATUS_SECONDS "$interval"
case $target in
ladder | frame | notation | results | datagrams) ;;
*) refuse "FUZZ_TARGET=$target is no target: ladder, frame, notation, results or datagrams" 2 ;;
esac
for oracle in $(echo "${TCPROVE_ORACLES:-all}" | tr , ' '); do
    case $oracle in
    all | none | invariants | referee | stream | work | memory | rest) ;;
    *) refuse "TCPROVE_ORACLES=$TCPROVE_ORACLES: $oracle is no oracle. invariants, referee, stream, work, memory and rest are, with commas between; or all, or none" 2 ;;
    esac
done
[ "$build" != --settings ] || exit 0
check_machine
all_cores=$(cores)
jobs=${FUZZ_JOBS:-$(echo "$all_cores" | wc -l)}

# ---- the folder of results: of this build alone, and never emptied
id=$(build_id)
out=${FUZZ_OUT:-$build/campaigns/$target-$id}
mkdir -p "$out" 2>/dev/null
[ -w "$out" ] || refuse "$out cannot be written. Name a folder that can: FUZZ_OUT=FOLDER"
if [ -e "$out/build" ] && [ "$(cat "$out/build")" != "$target $id" ]; then
    refuse "$out belongs to another build ($(cat "$out/build")), and stays as it is. Name a new folder with FUZZ_OUT; FUZZ_SEEDS=$out/main/queue begins with what that one knew"
fi
[ -e "$out/build" ] || [ -z "$(ls "$out")" ] ||
    refuse "$out is no folder of a campaign, and stays as it is. Name a new one with FUZZ_OUT"
if [ -e "$out/pid" ] && kill -0 "$(cat "$out/pid")" 2>/dev/null; then
    refuse "a campaign is running in $out (process $(cat "$out/pid")). Wait for it, end it, or name another folder with FUZZ_OUT"
fi
echo "$target $id" >"$out/build"
echo $$ >"$out/pid"
seeds=$out/seeds
[ -d "$seeds" ] || make_seeds "$seeds"
echo "$(find "$seeds" -type f | wc -l) seeds, results in $out"
play_all "$seeds" || note "these seeds are findings already; the campaign goes on without them"

# ---- several machines: each copies its queues to the shared folder and fetches those of others, where AFL++ finds them
host=${FUZZ_HOST:-$(uname -n)}
share() {
    [ -n "${FUZZ_SYNC:-}" ] || return 0
    for one in $names; do
        mkdir -p "$FUZZ_SYNC/$host-$one/queue" 2>/dev/null || refuse "FUZZ_SYNC=$FUZZ_SYNC cannot be written. Name a folder that can"
        copy_new "$out/$one/queue" "$FUZZ_SYNC/$host-$one/queue"
    done
    for theirs in "$FUZZ_SYNC"/*/queue; do
        from=$(basename "$(dirname "$theirs")")
        case $from in
        "$host"-*) continue ;;
        esac
        mkdir -p "$out/$from/queue"
        copy_new "$theirs" "$out/$from/queue"
    done
}
# A file appears in the other folder whole or not at all.
copy_new() {
    for file in "$1"/id*; do
        [ -f "$file" ] || continue
        at=$2/$(basename "$file")
        [ -e "$at" ] || { cp "$file" "$2/.part-$host" 2>/dev/null && mv "$2/.part-$host" "$at"; }
    done
}

# ---- instances: the first one and every second changes steps alone, the others mix that with AFL++'s own changes
name_of() { if [ "$1" -eq 0 ]; then echo main; else echo "second$1"; fi; }
core_of() { echo "$all_cores" | sed -n "$(($1 % $(echo "$all_cores" | wc -l) + 1))p"; }
names='' ids='' limit='' one=0
[ -z "$seconds" ] || limit="-V $seconds"
while [ $one -lt "$jobs" ]; do
    names="${names:+$names }$(name_of $one)"
    one=$((one + 1))
done
share
one=0
while [ $one -lt "$jobs" ]; do
    unset AFL_CUSTOM_MUTATOR_ONLY
    [ "$target" != ladder ] || [ $((one % 2)) -eq 1 ] || export AFL_CUSTOM_MUTATOR_ONLY=1
    if [ $one -eq 0 ]; then kind=-M; else kind=-S; fi
    # shellcheck disable=SC2086
    begin_instance "$(core_of $one)" $kind "$(name_of $one)" $limit
    ids="$ids $instance"
    one=$((one + 1))
done

# shellcheck disable=SC2086
stop() {
    kill -TERM $ids 2>/dev/null
}
trap stop INT TERM
began=$(date +%s)
running() { for one in $ids; do kill -0 "$one" 2>/dev/null && return 0; done; return 1; }
next=$((began + interval + 5)) # AFL++ writes its statistics once a minute
while running; do
    sleep 1 &
    wait $!
    [ "$(date +%s)" -ge $next ] || continue
    status_line
    share
    next=$((next + interval))
done
# shellcheck disable=SC2086
wait $ids 2>/dev/null
trap - INT TERM
share
rm -f "$out/pid"
for one in $names; do
    [ -e "$out/$one/fuzzer_stats" ] && continue
    grep -hE 'PROGRAM ABORT|SYSTEM ERROR|error|Location' "$out/$one.log" | head -n 3 >&2
    refuse "afl-fuzz did not begin: $out/$one.log says why"
done
status_line
if command -v afl-plot >/dev/null 2>&1 && [ "$(wc -l <"$out/main/plot_data")" -gt 2 ] &&
    afl-plot "$out/main" "$out/plot" >"$out/plot.log" 2>&1; then
    echo "A page with its course: $out/plot/index.html"
else
    note "there is no page with its course: afl-plot needs gnuplot-nox and a campaign of some minutes"
fi
tell_findings && echo "Nothing was found in $(($(date +%s) - began)) s."
