#!/bin/sh
# What a campaign does about what is in its way, and what it makes of what AFL++ leaves: a stand-in takes the place of AFL++, so
# this needs neither AFL++ nor time. Prints what is wrong; status 1 if anything is.
#   fuzz/selftest.sh
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
wrong() { echo "fuzz/selftest.sh: $*" >&2; status=1; }

# ---- a build of programs that do nothing but abort on inputs that say so
build=$work/build
mkdir -p "$build/fuzz" "$build/fuzz-plain" "$work/proc/sys/kernel" "$work/sys/devices/system/cpu/cpu0/cpufreq"
printf '#!/bin/sh\nexit 0\n' >"$build/fuzz/ladder"
cat >"$build/fuzz-plain/ladder" <<'END'
#!/bin/sh
for path in "$@"; do
    for file in $(find "$path" -type f); do
        grep -q ENDLESS "$file" && sleep 60
        grep -q BAD "$file" && { echo "invariants, step 3, RFC9293-3.4: it is broken" >&2; kill -ABRT $$; }
    done
done
exit 0
END
# It finds what STANDIN_FINDS says, and leaves its statistics.
cat >"$work/afl" <<'END'
#!/bin/sh
[ -z "${STANDIN_SLOW:-}" ] || exec sleep "$STANDIN_SLOW"
[ -z "${STANDIN_FAILS:-}" ] || { echo "SYSTEM ERROR : it does not begin"; exit 1; }
while [ $# -gt 0 ]; do
    case $1 in -o) out=$2 ;; -M | -S) name=$2 ;; --) break ;; esac
    shift
done
mkdir -p "$out/$name/queue" "$out/$name/crashes"
echo mine >"$out/$name/queue/id:000000-$name"
[ -z "${STANDIN_FINDS:-}" ] || echo "${STANDIN_WORD-BAD}" >"$out/$name/crashes/id:$STANDIN_FINDS"
[ -z "${STANDIN_LOSES:-}" ] || : >"$out/$name/crashes/id:lost"
cat >"$out/$name/fuzzer_stats" <<STATS
run_time          : 10
execs_done        : ${STANDIN_EXECUTIONS:-100000}
stability         : ${STANDIN_STABILITY:-100.00}%
saved_crashes     : ${STANDIN_CRASHES:-0}
saved_hangs       : 0
last_update       : $(date +%s)
STATS
echo x >"$out/$name/plot_data"
trap 'kill $slept; exit 0' TERM
sleep "${STANDIN_SECONDS:-0}" &
slept=$!
wait $slept
[ -z "${STANDIN_DIES:-}" ] || kill -KILL $$
END
chmod +x "$build/fuzz/ladder" "$build/fuzz-plain/ladder" "$work/afl"
echo core >"$work/proc/sys/kernel/core_pattern"
echo 18446744073692774399 >"$work/proc/sys/kernel/shmmax"

export FUZZ_AFL="$work/afl" FUZZ_PROC="$work/proc" FUZZ_SYS="$work/sys" FUZZ_JOBS=1 FUZZ_SECONDS=1
export FUZZ_MOST_SECONDS=2 FUZZ_LOOK_SECONDS=0.1
unset FUZZ_OUT FUZZ_SEEDS FUZZ_SYNC FUZZ_TARGET FUZZ_ANYWAY FUZZ_HOST FUZZ_FLAVOUR TCPROVE_ORACLES

# expect SCRIPT STATUS WORDS [NAME=VALUE...]: how it ends, and that these words are in what it says.
expect() {
    script=$1 wanted=$2 words=$3
    shift 3
    env "$@" "fuzz/$script.sh" "$build" >"$work/said" 2>&1
    got=$?
    [ $got -eq "$wanted" ] || wrong "$script with $*: status $got, not $wanted: $(cat "$work/said")"
    grep -q -e "$words" "$work/said" || wrong "$script with $* does not say \"$words\": $(cat "$work/said")"
}

# ---- what is in the way
for script in run smoke; do
    expect "$script" 3 'apt-get install afl++' FUZZ_AFL=no-such-program
    echo '|/usr/share/apport/apport' >"$work/proc/sys/kernel/core_pattern"
    if [ "$script" = run ]; then expect run 3 'echo core >' X=; else expect smoke 0 'othing found' X=; fi
    expect "$script" 0 'othing' FUZZ_ANYWAY=1
    echo core >"$work/proc/sys/kernel/core_pattern"
    echo 1048576 >"$work/proc/sys/kernel/shmmax"
    expect "$script" 3 'sysctl -w kernel.shmmax' X=
    echo 18446744073692774399 >"$work/proc/sys/kernel/shmmax"
    echo powersave >"$work/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
    expect "$script" 0 'cpupower' FUZZ_OUT="$work/governor-$script"
    rm "$work/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
    expect "$script" 3 'SYSTEM ERROR' STANDIN_FAILS=1 FUZZ_OUT="$work/fails-$script"
done
for value in soon 0 000 -1 1.5 99999999999999999999; do
    expect run 2 "FUZZ_SECONDS=$value is no whole number from 1" FUZZ_SECONDS=$value
    expect run 2 "FUZZ_JOBS=$value is no whole number from 1" FUZZ_JOBS=$value
    expect smoke 2 "FUZZ_SMOKE_SECONDS=$value is no whole number from 1" FUZZ_SMOKE_SECONDS=$value
    expect proof 2 "PROOF_SECONDS=$value is no whole number from 1" PROOF_SECONDS=$value
done
expect run 0 'othing' FUZZ_SECONDS=010 FUZZ_OUT="$work/ten"
expect run 2 'FUZZ_TARGET=ladders is no target: ladder, frame, notation, results or datagrams' FUZZ_TARGET=ladders
expect smoke 2 'FUZZ_TARGET=frame is not for fuzz-smoke' FUZZ_TARGET=frame
for script in run smoke; do
    expect "$script" 2 'foo is no oracle' TCPROVE_ORACLES=foo
    expect "$script" 2 ': \* is no oracle' TCPROVE_ORACLES='*'
    expect "$script" 0 'no oracle watches' TCPROVE_ORACLES=none FUZZ_OUT="$work/unwatched"
done
expect run 2 'is no flavour' FUZZ_FLAVOUR=fast
expect run 3 'fuzz-asan/ladder is not built' FUZZ_FLAVOUR=asan
expect run 2 'no name for a machine' FUZZ_HOST=a/b
PROOF_BUGS='07 11' fuzz/proof.sh --settings || wrong "bugs are not named by their numbers"
expect corpus 2 'is no folder' CORPUS_FROM="$work/nowhere"
expect run 2 'no folder' FUZZ_SEEDS="$work/nowhere" FUZZ_OUT="$work/no-seeds"
expect run 3 'FUZZ_OUT=FOLDER' FUZZ_OUT=/proc/none
expect run 3 'is not built' FUZZ_TARGET=frame

# make says so before it installs or builds anything
expect_make() {
    words=$1
    shift
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make --no-print-directory BUILD="$work/unbuilt" "$@" >"$work/said" 2>&1 && wrong "make $* is good"
    grep -q -e "$words" "$work/said" || wrong "make $* does not say \"$words\": $(cat "$work/said")"
    [ ! -e "$work/unbuilt" ] || wrong "make $* builds first"
}
expect_make 'FUZZ_TARGET=bogus is no target: ladder, frame' fuzz FUZZ_TARGET=bogus
expect_make 'FUZZ_TARGET=bogus is not for fuzz-smoke' fuzz-smoke FUZZ_TARGET=bogus
expect_make 'FUZZ_SECONDS=0 is no whole number' fuzz FUZZ_SECONDS=0
expect_make 'FUZZ_JOBS=abc is no whole number' fuzz FUZZ_JOBS=abc
expect_make 'is no folder' fuzz FUZZ_SEEDS="$work/nowhere"
mkdir "$work/empty"
expect_make 'there is no input in' fuzz FUZZ_SEEDS="$work/empty"
expect_make 'cannot be written' fuzz FUZZ_OUT="$work/afl/out"
expect_make 'cannot be written' fuzz FUZZ_SYNC="$work/afl/shared"
expect_make 'is no program here' fuzz FUZZ_AFL=no-such-program
expect_make 'bogus is no oracle' fuzz-smoke TCPROVE_ORACLES=bogus
expect_make 'no planted bug' fuzz-proof PROOF_BUGS=bogus
expect_make 'is no folder' corpus CORPUS_FROM="$work/nowhere"

# ---- folders of results
mkdir "$work/foreign" && echo keep >"$work/foreign/thesis"
expect run 3 'no folder of a campaign' FUZZ_OUT="$work/foreign"
[ "$(ls "$work/foreign")" = thesis ] || wrong "a foreign folder was changed"

expect run 1 'it is broken' FUZZ_OUT="$work/out" STANDIN_FINDS=first
expect run 1 'it is broken' FUZZ_OUT="$work/out"
[ -e "$work/out/main/crashes/id:first" ] || wrong "a finding is gone after a second campaign"
printf '# another\n' >>"$build/fuzz/ladder"
expect run 3 'another build' FUZZ_OUT="$work/out"
[ -e "$work/out/main/crashes/id:first" ] || wrong "a finding is gone after a campaign of another build"

# in_background SCRIPT FILE NAME=VALUE...: its process is in $first; goes on when FILE is there.
in_background() {
    script=$1 file=$2
    shift 2
    env "$@" "fuzz/$script.sh" "$build" >"$work/first" 2>&1 &
    first=$!
    tries=0
    # shellcheck disable=SC2086
    until [ -n "$(ls $file 2>/dev/null)" ] || [ $tries -gt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
}
# ended STATUS WORDS: a signal ends it so.
ended() {
    kill -TERM $first
    wait $first
    got=$?
    [ $got -eq "$1" ] || wrong "what is ended by a signal has status $got, not $1: $(cat "$work/first")"
    grep -q "$2" "$work/first" || wrong "what is ended by a signal does not say \"$2\": $(cat "$work/first")"
}
in_background run "$work/busy/main/plot_data" STANDIN_SECONDS=60 FUZZ_SECONDS=60 FUZZ_OUT="$work/busy"
expect run 3 'is running.*its afl-fuzz: process' FUZZ_OUT="$work/busy"
ended 143 'Ended by a signal before its 60 s were over: nothing was found in'
expect run 0 'Nothing was found' FUZZ_OUT="$work/busy"
in_background run "$work/open/main/plot_data" STANDIN_SECONDS=60 FUZZ_SECONDS= FUZZ_OUT="$work/open"
sleep 0.5
ended 0 'Nothing was found'
in_background run "$work/early/main.log" STANDIN_SLOW=60 FUZZ_OUT="$work/early"
ended 143 'before afl-fuzz had begun'

# ---- seeds: made whole or not at all, of this campaign, and as inputs
cat >"$build/tcprove" <<'END'
#!/bin/sh
mkdir -p "$2"
for file in catalog "$@"; do echo converted >"$2/${file##*/}"; done
sleep "${STANDIN_SOWS:-0}"
END
chmod +x "$build/tcprove"
in_background run "$work/sown/seeds.part/catalog" STANDIN_SOWS=3 FUZZ_OUT="$work/sown" FUZZ_SECONDS=
ended 143 'before afl-fuzz had begun: nothing was fuzzed'
[ ! -e "$work/sown/seeds" ] || wrong "half of the seeds are taken for the whole"
mkdir "$work/texts" && echo 'PEER (SYN)' >"$work/texts/one.ladder" && echo octets >"$work/texts/two"
expect run 0 '^2 seeds' FUZZ_SEEDS="$work/texts" FUZZ_OUT="$work/read"
[ "$(cat "$work/read/seeds/one.ladder" "$work/read/seeds/two")" = "converted
octets" ] || wrong "ladders that are text are taken as octets"
rm "$build/tcprove"
expect run 0 'othing' FUZZ_SEEDS="$work/texts" FUZZ_OUT="$work/read"
expect run 2 'has its seeds already' FUZZ_SEEDS="$work" FUZZ_OUT="$work/read"

# ---- what does not end, what is lost, and an AFL++ that did not do its work
expect run 3 'did not begin' FUZZ_AFL=/bin/false FUZZ_OUT="$work/busy"
expect run 3 'did not begin' FUZZ_AFL=/bin/true FUZZ_OUT="$work/busy"
expect run 3 'died after' STANDIN_DIES=1 FUZZ_OUT="$work/busy"
expect smoke 3 'died after' STANDIN_DIES=1
expect run 1 'it is broken' STANDIN_FINDS=one FUZZ_OUT="$work/x[y]"
expect run 1 'it does not end' STANDIN_FINDS=one STANDIN_WORD=ENDLESS FUZZ_OUT="$work/endless"
expect run 3 'have no octets' STANDIN_LOSES=1 FUZZ_OUT="$work/lost"
if unshare -rm true 2>/dev/null; then
    mkdir "$work/small"
    # shellcheck disable=SC2016
    FUZZ_OUT=$work/small/out unshare -rm sh -c 'mount -t tmpfs -o size=48k none "$0" && exec fuzz/run.sh "$1"' "$work/small" "$build" >"$work/said" 2>&1
    got=$?
    [ $got -eq 3 ] || wrong "on a full disk: status $got, not 3: $(cat "$work/said")"
    grep -q 'the disk of .* is full' "$work/said" || wrong "a full disk is not told: $(cat "$work/said")"
fi
mkdir "$work/ends-not" && echo ENDLESS >"$work/ends-not/one" && echo good >"$work/ends-not/two"
expect smoke 1 'it does not end' FUZZ_SEEDS="$work/ends-not"
expect run 1 'it does not end' FUZZ_SEEDS="$work/ends-not" FUZZ_OUT="$work/endless-seed"
grep -q 'Beside the seeds that are findings' "$work/said" || wrong "a seed that is a finding does not count: $(cat "$work/said")"

# ---- two machines, each with its folder, and one that they share
expect run 0 'othing' FUZZ_OUT="$work/here" FUZZ_HOST=here FUZZ_SYNC="$work/shared"
expect run 0 'othing' FUZZ_OUT="$work/there" FUZZ_HOST=there FUZZ_SYNC="$work/shared"
expect run 0 'othing' FUZZ_OUT="$work/here" FUZZ_HOST=here FUZZ_SYNC="$work/shared"
[ -e "$work/there/here-main/queue/id:000000-main" ] || wrong "what one machine found did not reach the other"
[ -e "$work/here/there-main/queue/id:000000-main" ] || wrong "what the other found did not come back"
[ ! -e "$work/here/here-main" ] || wrong "a machine fetches what is its own"

expect run 0 'othing' FUZZ_OUT="$work/here-2" FUZZ_HOST=here-2 FUZZ_SYNC="$work/shared"
expect run 0 'othing' FUZZ_OUT="$work/here" FUZZ_HOST=here FUZZ_SYNC="$work/shared"
[ -e "$work/here/here-2-main/queue/id:000000-main" ] || wrong "a machine does not fetch from one whose name begins like its own"
[ "$(ls "$work/shared")" = ladder ] || wrong "inputs of several targets are mixed: $(ls "$work/shared")"

# ---- what decides about a minute
before=$(ls "$build/smoke")
expect smoke 0 'nothing found' X=
[ "$(ls "$build/smoke")" = "$before" ] || wrong "a minute without findings leaves something behind"
in_background smoke "$build/smoke/*/main/plot_data" STANDIN_SECONDS=60
sleep 0.5
ended 143 'ended by a signal after .* of 45 s; nothing was found until then'
expect smoke 1 'it is broken' STANDIN_FINDS=one STANDIN_CRASHES=1
expect smoke 5 'stability' STANDIN_STABILITY=98.00
expect smoke 5 'executions' STANDIN_EXECUTIONS=10
expect smoke 5 'counts crashes' STANDIN_CRASHES=1
mkdir "$work/bad-seeds" && echo BAD >"$work/bad-seeds/one"
expect smoke 1 'the corpus has findings' FUZZ_SEEDS="$work/bad-seeds"

[ $status -eq 0 ] && echo "fuzz/selftest.sh: campaigns end as they should"
exit $status
