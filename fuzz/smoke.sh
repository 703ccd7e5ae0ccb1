#!/bin/sh
# A minute of fuzzing for every change: smoke.sh BUILD; smoke.sh --settings looks at the settings alone. The corpus goes through the
# plain program, then AFL++ runs on it, and its fuzzer_stats decide, since its exit status does not. Status: 0 good, 1 a finding,
# 2 usage, 3 the machine cannot fuzz, 5 AFL++ did not do its work.
set -u
build=$1
target=ladder
# shellcheck source=fuzz/campaign.sh
. fuzz/campaign.sh
seconds=${FUZZ_SMOKE_SECONDS:-45} # the rest of the minute is for the corpus and for AFL++ to begin
least=${FUZZ_SMOKE_EXECUTIONS:-50000}
number FUZZ_SMOKE_SECONDS "$seconds"
number FUZZ_SMOKE_EXECUTIONS "$least"
case ${FUZZ_TARGET:-ladder} in
ladder) ;;
*) refuse "FUZZ_TARGET=$FUZZ_TARGET is not for fuzz-smoke, which fuzzes ladder. make fuzz takes it" 2 ;;
esac
[ "$build" != --settings ] || exit 0
# The machine may be busy: an input that had to wait for a core is no hang. Crashes and hangs count alike here, so that it does
# not matter where core dumps go either (under AFL++ the target makes none).
timeout_ms=2000
export AFL_HANG_TMOUT="${AFL_HANG_TMOUT:-10000}" FUZZ_ANYWAY="${FUZZ_ANYWAY-1}"

check_machine
mkdir -p "$build/smoke" 2>/dev/null || refuse "$build/smoke cannot be made. Name a folder that can be written: make BUILD=FOLDER fuzz-smoke"
out=$(mktemp -d "$build/smoke/XXXXXX") || refuse "$build/smoke cannot be written. Name a folder that can: make BUILD=FOLDER fuzz-smoke"
seeds=$out/seeds
make_seeds "$seeds"
if ! play_all "$seeds"; then
    echo "fuzz-smoke: the corpus has findings; the files above are in $out"
    exit 1
fi
names=main
export AFL_CUSTOM_MUTATOR_ONLY=1
begin_instance "$(cores | tail -n 1)" -M main -s 1 -V "$seconds"
trap 'kill -TERM $instance 2>/dev/null' INT TERM
wait "$instance"
if [ ! -e "$out/main/fuzzer_stats" ]; then
    grep -hE 'PROGRAM ABORT|SYSTEM ERROR|error|Location' "$out/main.log" | head -n 3 >&2
    refuse "afl-fuzz did not begin: $out/main.log says why"
fi
status_line
tell_findings || {
    echo "fuzz-smoke: what was found stays in $out"
    exit 1
}
bad=''
[ "$(stat_of main execs_done)" -ge "$least" ] || bad="only $(stat_of main execs_done) executions in $seconds s, at least $least were expected"
[ "$(stat_of main saved_crashes)" -eq 0 ] && [ "$(stat_of main saved_hangs)" -eq 0 ] || bad="AFL++ counts crashes or hangs that are not there"
stat_of main stability | awk '{ exit !($1 >= 99.9) }' || bad="the stability is $(stat_of main stability) %, at least 99.9 were expected"
if [ -n "$bad" ]; then
    echo "fuzz-smoke: $bad; its log is in $out" >&2
    exit 5
fi
echo "fuzz-smoke: $(find "$seeds" -type f | wc -l) seeds and $(stat_of main execs_done) executions, nothing found"
rm -rf "$out"
