#!/bin/bash
# How fast the fuzz targets are: bench.sh BUILD [SECONDS]. Each runs alone, pinned to one core, for so many seconds; `frame` and
# `empty`, whose ratio is what counts, in turns. Everything is counted in CPU time, of AFL++ and of the target together, so that a
# busy machine looks little slower than an idle one. Status 1 where a target is slower than it should be.
set -u
build=$1
seconds=${2:-15}
target=bench
# shellcheck source=fuzz/campaign.sh
. fuzz/campaign.sh
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
core=$(cores | tail -n 1)
export TCPROVE_ORACLES=all AFL_NO_UI=1 AFL_NO_COLOR=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
TIMEFORMAT='%U %S'

# bench PROGRAM NAME SEEDS: how many executions a second of CPU time was good for, in $rate.
bench() {
    names=$2
    rm -rf "${out:?}/$names" "$out"/*.counts
    { time TCPROVE_FUZZ_COUNTS=$out/$names.counts taskset -c "$core" "$afl" -i "$3" -o "$out" -M "$names" -s 1 -t 5000 -m none \
        -V "$seconds" -- "$1" >"$out/$names.log" 2>&1 </dev/null; } 2>"$out/used" ||
        refuse "afl-fuzz did not run: $(tail -n 3 "$out/$names.log")"
    rate=$(awk -v done="$(stat_of "$names" execs_done)" '{ printf "%d", done / ($1 + $2) }' "$out/used")
}

"$build/tcprove" seeds "$out/seeds" fuzz/corpus/ladder/*.ladder >/dev/null || exit 5
for turn in 1 2 3; do
    bench "$build/fuzz/empty" empty fuzz/corpus/frame
    empty=$rate
    bench "$build/fuzz/frame" frame fuzz/corpus/frame
    echo "$empty $rate" >>"$out/turns"
    echo "turn $turn: $rate executions of frame per CPU second, $empty of an empty loop"
done
status=0
ratio=$(awk '{ printf "%.2f\n", $2 / $1 }' "$out/turns" | sort -n | sed -n 2p)
echo "fuzz/frame: $ratio of the executions of an empty loop, median of three turns (at least 0.7)"
awk -v ratio="$ratio" 'BEGIN { exit !(ratio >= 0.7) }' || status=1

# check_speed FLAVOUR LEAST
check_speed() {
    AFL_CUSTOM_MUTATOR_ONLY=1 AFL_CUSTOM_MUTATOR_LIBRARY=$build/fuzz/mutator.so bench "$build/$1/ladder" "$1" "$out/seeds"
    said=$(speed)
    echo "$1/ladder: $said (at least $2), $rate executions per CPU second, stability $(stat_of "$1" stability) %"
    [ "${said%% *}" -ge "$2" ] || status=1
}
check_speed fuzz 400000
check_speed fuzz-asan 120000
exit $status
