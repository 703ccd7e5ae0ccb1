#!/bin/sh
# The long repeated runs, with both cores kept busy: the same verdicts every time on this machine's kernel; millions of mutated
# frames and lines under ASan; the tests once under valgrind. Ends with its figures. Bounded by its counts: about an hour.
#   QUICK_RUNS=50 STANDARD_RUNS=5 HOST_RUNS=20 LOSSY_RUNS=10 MUTATIONS=10000000 suite/soak.sh BUILD
set -u
build=$1
quick_runs=${QUICK_RUNS:-50}
standard_runs=${STANDARD_RUNS:-5}
host_runs=${HOST_RUNS:-20}
lossy_runs=${LOSSY_RUNS:-10}
mutations=${MUTATIONS:-10000000}
work=$(mktemp -d)
load=
status=0

# shellcheck disable=SC2317 # called by the trap
tidy() {
    for pid in $load; do kill "$pid" 2>/dev/null; done
    rm -rf "$work"
}
trap tidy EXIT
trap 'exit 130' INT TERM

say() { echo "soak: $*"; }
bad() { say "FAILED: $*"; status=1; }

# One line a case: id and verdict.
verdicts() {
    awk -F'"' '/^   "id":/ { id = $4 } /^   "verdict":/ { print id, $4 }' "$1/results.json" | sort
}

# repeat PROFILE RUNS: runs that differ from the first are told, with what differs.
repeat() {
    different=0
    run=1
    while [ "$run" -le "$2" ]; do
        out=$work/$1.$run
        "$build/tcprove" run linux --profile "$1" --seed "$run" -q -o "$out" >"$work/said" 2>&1
        case $? in
        0 | 1) verdicts "$out" >"$work/$1.$run.verdicts" ;;
        3)
            say "linux, $1: not run: $(cat "$work/said")"
            return
            ;;
        *) bad "linux, $1, run $run: $(tail -n 1 "$work/said")" ;;
        esac
        if ! diff "$work/$1.1.verdicts" "$work/$1.$run.verdicts" >"$work/difference"; then
            different=$((different + 1))
            say "linux, $1, run $run differs from run 1:"
            cat "$work/difference"
        fi
        run=$((run + 1))
    done
    say "linux, $1: $2 runs with both cores busy, $different with other verdicts than the first," \
        "$(wc -l <"$work/$1.1.verdicts") verdicts each"
    [ "$different" -eq 0 ] || status=1
}

# on_host NAME RIG HOST: one quick run against a host of the tests' own network, into $work/NAME.
on_host() {
    # shellcheck disable=SC2086 # several words
    "$build/selftest" rig $2 "$build/tcprove run $3:7 --service echo --service discard --profile quick -j 50 -q -o $work/$1" \
        >"$work/said" 2>&1
    case $? in
    0 | 1) verdicts "$work/$1" >"$work/$1.verdicts" ;;
    *) bad "host, $1: $(tail -n 1 "$work/said")" ;;
    esac
}

# repeat_host NAME WHAT RIG HOST RUNS: runs whose verdicts differ from those of a near host. Behind loss, what could not be judged is
# counted and no difference.
repeat_host() {
    different=0
    unjudged=0
    run=1
    while [ "$run" -le "$5" ]; do
        on_host "$1.$run" "$3 $run" "$4"
        if ! join "$work/near.verdicts" "$work/$1.$run.verdicts" | awk '$3 != "inconclusive" && $2 != $3 { print; n = 1 } END { exit n }'; then
            different=$((different + 1))
        fi
        unjudged=$((unjudged + $(grep -c inconclusive "$work/$1.$run.verdicts")))
        run=$((run + 1))
    done
    say "host, $2: $5 runs, $different with other verdicts than the near host's, $unjudged verdicts in all not judged"
    [ "$different" -eq 0 ] || status=1
}

on_host near "0 0 0 1" 192.0.2.2
repeat_host far "30 ms and 10 ms of jitter" "30 10 0" 192.0.2.3 1
repeat_host lossy "30 ms, 10 ms of jitter and 1 % loss" "30 10 10" 192.0.2.3 "$lossy_runs"

for _ in 1 2; do
    sh -c 'while :; do :; done' &
    load="$load $!"
done
repeat quick "$quick_runs"
repeat standard "$standard_runs"
repeat_host busy "with both cores busy" "0 0 0" 192.0.2.2 "$host_runs"
for pid in $load; do kill "$pid" 2>/dev/null; done
load=

sanitized=$build/asan
if make --no-print-directory BUILD="$sanitized" SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all -O1' \
    "$sanitized/bench" && "$sanitized/bench" mutate "$mutations"; then
    say "the mutations above ran under ASan and UBSan"
else
    bad "a mutation was a finding: see above"
fi

# Each planted bug is shown by its ladder, and none of them without it.
if PROOF_QUICK=1 make --no-print-directory fuzz-proof >"$work/proof" 2>&1; then
    say "$(tail -n 1 "$work/proof")"
else
    bad "planted bugs: $(tail -n 30 "$work/proof")"
fi

if command -v valgrind >/dev/null 2>&1; then
    if TCPROVE=$build/tcprove CK_FORK=yes valgrind -q --error-exitcode=9 --trace-children=no "$build/selftest" >"$work/valgrind" 2>&1; then
        say "valgrind: $(tail -n 1 "$work/valgrind")"
    else
        bad "valgrind: $(tail -n 20 "$work/valgrind")"
    fi
else
    say "valgrind is not installed: not run"
fi
exit "$status"
