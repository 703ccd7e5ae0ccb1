#!/bin/sh
# A campaign: run.sh BUILD; run.sh --settings looks at the settings alone, before anything is built. FUZZ_SECONDS (until Ctrl-C),
# FUZZ_JOBS (every core), FUZZ_TARGET (ladder), FUZZ_FLAVOUR (fastest; asan), FUZZ_OUT (a folder for each build), FUZZ_SEEDS (the
# corpus), FUZZ_SYNC (a folder that several machines share), FUZZ_HOST (this one's name in it).
# Status: 0 nothing was found, 1 something was, 2 usage, 3 the machine cannot fuzz, or AFL++ did not or died; 130, 143 (129) a
# signal ended it before its time.
set -u
build=${1:?says what there is to fuzz: fuzz/run.sh BUILD, the folder that make builds into}
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
case ${FUZZ_FLAVOUR:-} in
'') ;;
asan) flavour=fuzz-asan ;;
*) refuse "FUZZ_FLAVOUR=$FUZZ_FLAVOUR is no flavour. asan is; or leave it out" 2 ;;
esac
case ${FUZZ_HOST:-} in
.* | *[!A-Za-z0-9._-]*) refuse "FUZZ_HOST=$FUZZ_HOST is no name for a machine: letters, digits, hyphens, and dots that do not begin it" 2 ;;
esac
check_settings
check_out() {
    may_write "$1" || refuse "$1 cannot be written. Name a folder that can: FUZZ_OUT=FOLDER"
    [ -e "$1/build" ] || [ -z "$(ls "$1" 2>/dev/null)" ] ||
        refuse "$1 is no folder of a campaign, and stays as it is. Name a new one with FUZZ_OUT"
}
[ -z "${FUZZ_OUT:-}" ] || check_out "$FUZZ_OUT"
[ -z "${FUZZ_SYNC:-}" ] || may_write "$FUZZ_SYNC" || refuse "FUZZ_SYNC=$FUZZ_SYNC cannot be written. Name a folder that can"
[ "$build" != --settings ] || exit 0
check_machine
all_cores=$(cores)
taken=$(taken_cores)
jobs=${FUZZ_JOBS:-$(echo "$all_cores" | wc -l)}

# ---- the folder of results: of this build alone, and never emptied
id=$(build_id)
out=${FUZZ_OUT:-$build/campaigns/$target-$id}
mkdir -p "$out" 2>/dev/null || refuse "$out cannot be made. Name a folder that can: FUZZ_OUT=FOLDER"
check_out "$out"
if [ -e "$out/build" ] && [ "$(cat "$out/build")" != "$target $id" ]; then
    refuse "$out belongs to another build ($(cat "$out/build")), and stays as it is. Name a new folder with FUZZ_OUT; FUZZ_SEEDS=$out/main/queue begins with what that one knew"
fi
(echo "$target $id" >"$out/build" && : >>"$out/lock") 2>/dev/null ||
    refuse "$out is another user's, or its disk is full. Make room, or name another folder with FUZZ_OUT"
# The lock is gone when this process is, however it ended. Its afl-fuzz may be left.
exec 9>>"$out/lock"
if ! flock -n 9 || [ -n "$(running_there)" ]; then
    refuse "a campaign is running in $out$(running_there). Wait for it, end it, or name another folder with FUZZ_OUT"
fi
# Until AFL++ has begun there is nothing to stop.
trap 'echo "Ended by a signal before afl-fuzz had begun: nothing was fuzzed."; exit 130' INT
trap 'echo "Ended by a signal before afl-fuzz had begun: nothing was fuzzed."; exit 143' TERM
seeds=$out/seeds
from=$([ -z "${FUZZ_SEEDS:-}" ] || (cd "$FUZZ_SEEDS" && pwd))
if [ ! -d "$seeds" ]; then
    make_seeds "$seeds"
    echo "$from" >"$out/from"
elif [ -n "$from" ] && [ "$from" != "$(cat "$out/from" 2>/dev/null)" ]; then
    refuse "$out has its seeds already, which FUZZ_SEEDS=$FUZZ_SEEDS would not change. Leave it out, or begin a new campaign with FUZZ_OUT=FOLDER" 2
fi
echo "$(find "$seeds" -type f | wc -l) seeds, results in $out"
play_all "$seeds"
if [ "$faulty" -eq "$(find "$seeds" -type f | wc -l)" ]; then
    echo "Every seed is a finding: there is nothing to begin with."
    exit 1
fi
[ "$faulty" -eq 0 ] || note "these seeds are findings already; the campaign goes on without them"

# ---- several machines: each copies its queues to the shared folder and fetches those of others, where AFL++ finds them
host=${FUZZ_HOST:-$(uname -n)}
share() {
    [ -n "${FUZZ_SYNC:-}" ] || return 0
    for one in $names; do
        mkdir -p "$FUZZ_SYNC/$target/$host-$one/queue" 2>/dev/null || return 1
        copy_new "$out/$one/queue" "$FUZZ_SYNC/$target/$host-$one/queue"
    done
    for theirs in "$FUZZ_SYNC/$target"/*/queue; do
        from=$(basename "$(dirname "$theirs")")
        [ "${from%-*}" != "$host" ] || continue # names of instances have no hyphen
        mkdir -p "$out/$from/queue"
        copy_new "$theirs" "$out/$from/queue"
    done
}
no_share="FUZZ_SYNC=${FUZZ_SYNC:-} cannot be written. Name a folder that can"
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
core_is_taken() { case " $taken " in *" $(core_of "$1") "*) ;; *) return 1 ;; esac; }
names='' ids='' limit='' one=0
[ -z "$seconds" ] || limit="-V $seconds"
while [ $one -lt "$jobs" ]; do
    names="${names:+$names }$(name_of $one)"
    ! core_is_taken $one || note "core $(core_of $one) is another campaign's too: both are at half their speed. FUZZ_JOBS says how many instances there are"
    one=$((one + 1))
done
share || refuse "$no_share"

# shellcheck disable=SC2086
stop() { [ -z "$ids" ] || kill -TERM $ids 2>/dev/null; }
ended=''
trap 'ended=${ended:-130}; stop' INT
trap 'ended=${ended:-143}; stop' TERM
trap 'ended=${ended:-129}; stop' HUP
began=$(date +%s) one=0
while [ $one -lt "$jobs" ] && [ -z "$ended" ]; do
    unset AFL_CUSTOM_MUTATOR_ONLY
    [ "$target" != ladder ] || [ $((one % 2)) -eq 1 ] || export AFL_CUSTOM_MUTATOR_ONLY=1
    if [ $one -eq 0 ]; then kind=-M; else kind=-S; fi
    # shellcheck disable=SC2086
    begin_instance "$(core_of $one)" $kind "$(name_of $one)" $limit
    ids="$ids $instance"
    one=$((one + 1))
done
[ -z "$ended" ] || stop # one that was begun meanwhile

running() { for one in $ids; do kill -0 "$one" 2>/dev/null && return 0; done; return 1; }
next=$((began + interval + 5)) # AFL++ writes its statistics once a minute
while running; do
    sleep "${FUZZ_LOOK_SECONDS:-1}" 9>&- & # the tests look more often
    wait $!
    [ "$(date +%s)" -ge $next ] || continue
    status_line
    share || note "$no_share"
    next=$((next + interval))
done
trap - INT TERM HUP
lasted=$(($(date +%s) - began))
share || note "$no_share"

# ---- how it went: what AFL++ did in this run, what there is of findings, and who ended it
has_room || note "the disk of $out is full"
died='' never='' fuzzed=''
# shellcheck disable=SC2086
set -- $ids
for one in $names; do
    [ $# -gt 0 ] || break
    wait "$1"
    case $(outcome "$one" $?) in
    never) never=$one ;;
    died) died=$one ;;
    *) fuzzed=1 ;;
    esac
    shift
done
if [ -n "$ended" ] && [ -z "$died$fuzzed" ]; then
    echo "Ended by a signal after $lasted s, before afl-fuzz had begun: nothing was fuzzed."
    exit "$ended"
elif [ -n "$never" ] && [ -z "$ended" ]; then
    why_not "$never"
    refuse "afl-fuzz did not begin: $out/$never.log says why"
fi
status_line
if command -v afl-plot >/dev/null 2>&1 && [ "$(wc -l <"$out/main/plot_data")" -gt 2 ] &&
    afl-plot "$out/main" "$out/plot" >"$out/plot.log" 2>&1; then
    echo "A page with its course: $out/plot/index.html"
elif command -v gnuplot >/dev/null 2>&1; then
    note "there is no page with its course: a campaign of some minutes has one"
else
    note "there is no page with its course: afl-plot draws it with gnuplot-nox, which is not installed"
fi
tell_findings
found=$?
[ "$lost" -eq 0 ] || note "$lost findings have no octets: the disk was full when they were saved. Make room, and remove them"
has_room || refuse "the disk of $out is full, so that findings are lost. Make room, and start it again"
[ "$lost" -eq 0 ] || exit 3
if [ -n "$died" ]; then
    why_not "$died"
    refuse "afl-fuzz died after $lasted s at most: $out/$died.log says what it did. What is told above was found until then"
fi
[ $found -eq 0 ] || exit 1
nothing="nothing was found in $lasted s"
[ "$faulty" -eq 0 ] || nothing="beside the seeds that are findings, told above, $nothing"
# Without FUZZ_SECONDS a signal is how it ends.
if [ -n "$ended" ] && [ -n "$seconds" ] && [ "$lasted" -lt "$seconds" ]; then
    echo "Ended by a signal before its $seconds s were over: $nothing."
    [ "$faulty" -eq 0 ] || exit 1
    exit "$ended"
fi
echo "$nothing." | sed 's/^[a-z]/\U&/'
[ "$faulty" -eq 0 ]
