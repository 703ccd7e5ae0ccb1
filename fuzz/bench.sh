#!/bin/sh
# How fast the fuzz targets are: bench.sh BUILD [SECONDS]. Each runs alone, pinned to one core, for so many seconds; `frame` and
# `empty`, whose ratio is what counts, in turns. Status 1 where a target is slower than it should be.
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

# bench PROGRAM NAME SEEDS
bench() {
    names=$2
    rm -rf "${out:?}/$names" "$out"/*.counts
    TCPROVE_FUZZ_COUNTS=$out/$names.counts taskset -c "$core" "$afl" -i "$3" -o "$out" -M "$names" -s 1 -t 500 -m none \
        -V "$seconds" -- "$1" >"$out/$names.log" 2>&1 </dev/null || refuse "afl-fuzz did not run: $(tail -n 3 "$out/$names.log")"
}

"$build/tcprove" seeds "$out/seeds" fuzz/corpus/ladder/*.ladder || exit 5
for one in empty frame empty frame empty frame; do
    bench "$build/fuzz/$one" "$one" fuzz/corpus/frame
    echo "$one $(executions)" >>"$out/turns"
done
sort -k 1,1 -k 2,2n "$out/turns" | awk '{ line[$1] = line[$1] " " $2 } END { for (one in line) print one ":" line[one] " executions/s" }'
# The median of three.
ratio=$(sort -k 1,1 -k 2,2n "$out/turns" | awk '{ at[$1, ++n[$1]] = $2 } END { printf "%.2f", at["frame", 2] / at["empty", 2] }')
status=0
echo "frame: $ratio of the executions of an empty loop (at least 0.7)"
echo "$ratio" | awk '{ exit !($1 >= 0.7) }' || status=1

# check_speed FLAVOUR LEAST
check_speed() {
    AFL_CUSTOM_MUTATOR_ONLY=1 AFL_CUSTOM_MUTATOR_LIBRARY=$build/fuzz/mutator.so bench "$build/$1/ladder" "$1" "$out/seeds"
    said=$(speed)
    echo "$1/ladder: $said (at least $2)"
    [ "${said%% *}" -ge "$2" ] || status=1
}
check_speed fuzz 400000
check_speed fuzz-asan 120000
exit $status
