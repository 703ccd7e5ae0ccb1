#!/bin/sh
# A minute of fuzzing for every change: smoke.sh BUILD; smoke.sh --settings looks at the settings alone. The corpus goes through the
# plain program, then AFL++ runs on it, and its fuzzer_stats decide, since its exit status does not. Status: 0 good, 1 a finding,
# 2 usage, 3 the machine cannot fuzz or AFL++ died, 5 AFL++ did not do its work; 130, 143 a signal ended it.
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
check_settings
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
ended='' instance=''
trap 'ended=${ended:-130}; [ -z "$instance" ] || kill -TERM $instance 2>/dev/null' INT
trap 'ended=${ended:-143}; [ -z "$instance" ] || kill -TERM $instance 2>/dev/null' TERM
began=$(date +%s)
begin_instance "$(cores | tail -n 1)" -M main -s 1 -V "$seconds"
[ -z "$ended" ] || kill -TERM "$instance" 2>/dev/null
wait "$instance"
got=$?
while kill -0 "$instance" 2>/dev/null; do # a signal ended that wait
    wait "$instance"
    got=$?
done
trap - INT TERM
lasted=$(($(date +%s) - began))
outcome=$(outcome main $got)
if [ "$outcome" = never ] && [ -z "$ended" ]; then
    why_not main
    has_room || refuse "the disk of $out is full. Make room"
    refuse "afl-fuzz did not begin: $out/main.log says why"
fi
[ "$outcome" = never ] || status_line
tell_findings
found=$?
has_room || refuse "the disk of $out is full, so that findings are lost. Make room"
[ "$lost" -eq 0 ] || refuse "$lost findings in $out have no octets: the disk was full when they were saved. Make room"
if [ $found -ne 0 ]; then
    echo "fuzz-smoke: what was found stays in $out"
    exit 1
fi
if [ -n "$ended" ]; then
    echo "fuzz-smoke: ended by a signal after $lasted of $seconds s; nothing was found until then"
    rm -rf "$out"
    exit "$ended"
fi
if [ "$outcome" = died ]; then
    why_not main
    refuse "afl-fuzz died after $lasted of $seconds s: $out/main.log says what it did"
fi
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
