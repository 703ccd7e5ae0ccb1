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
        grep -q BAD "$file" && { echo "invariants, step 3, RFC9293-3.4: it is broken" >&2; kill -ABRT $$; }
    done
done
exit 0
END
# It finds what STANDIN_FINDS says, and leaves its statistics.
cat >"$work/afl" <<'END'
#!/bin/sh
[ -z "${STANDIN_FAILS:-}" ] || { echo "SYSTEM ERROR : it does not begin"; exit 1; }
while [ $# -gt 0 ]; do
    case $1 in -o) out=$2 ;; -M | -S) name=$2 ;; --) break ;; esac
    shift
done
mkdir -p "$out/$name/queue" "$out/$name/crashes"
echo mine >"$out/$name/queue/id:000000-$name"
[ -z "${STANDIN_FINDS:-}" ] || echo BAD >"$out/$name/crashes/id:$STANDIN_FINDS"
cat >"$out/$name/fuzzer_stats" <<STATS
run_time          : 10
execs_done        : ${STANDIN_EXECUTIONS:-100000}
stability         : ${STANDIN_STABILITY:-100.00}%
saved_crashes     : ${STANDIN_CRASHES:-0}
saved_hangs       : 0
STATS
echo x >"$out/$name/plot_data"
sleep "${STANDIN_SECONDS:-0}"
END
chmod +x "$build/fuzz/ladder" "$build/fuzz-plain/ladder" "$work/afl"
echo core >"$work/proc/sys/kernel/core_pattern"
echo 18446744073692774399 >"$work/proc/sys/kernel/shmmax"

export FUZZ_AFL="$work/afl" FUZZ_PROC="$work/proc" FUZZ_SYS="$work/sys" FUZZ_JOBS=1 FUZZ_SECONDS=1
unset FUZZ_OUT FUZZ_SEEDS FUZZ_SYNC FUZZ_TARGET FUZZ_ANYWAY FUZZ_HOST

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
expect run 2 'no oracle' TCPROVE_ORACLES=foo
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

STANDIN_SECONDS=5 FUZZ_OUT=$work/busy fuzz/run.sh "$build" >"$work/first" 2>&1 &
first=$!
tries=0
until [ -e "$work/busy/pid" ] || [ $tries -gt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
expect run 3 'is running' FUZZ_OUT="$work/busy"
kill -TERM $first
wait $first
grep -q 'Nothing was found' "$work/first" || wrong "a campaign that is ended does not say what it found: $(cat "$work/first")"
[ ! -e "$work/busy/pid" ] || wrong "a campaign that is over says that it is running"

# ---- two machines, each with its folder, and one that they share
expect run 0 'othing' FUZZ_OUT="$work/here" FUZZ_HOST=here FUZZ_SYNC="$work/shared"
expect run 0 'othing' FUZZ_OUT="$work/there" FUZZ_HOST=there FUZZ_SYNC="$work/shared"
expect run 0 'othing' FUZZ_OUT="$work/here" FUZZ_HOST=here FUZZ_SYNC="$work/shared"
[ -e "$work/there/here-main/queue/id:000000-main" ] || wrong "what one machine found did not reach the other"
[ -e "$work/here/there-main/queue/id:000000-main" ] || wrong "what the other found did not come back"
[ ! -e "$work/here/here-main" ] || wrong "a machine fetches what is its own"

# ---- what decides about a minute
before=$(ls "$build/smoke")
expect smoke 0 'nothing found' X=
[ "$(ls "$build/smoke")" = "$before" ] || wrong "a minute without findings leaves something behind"
expect smoke 1 'it is broken' STANDIN_FINDS=one STANDIN_CRASHES=1
expect smoke 5 'stability' STANDIN_STABILITY=98.00
expect smoke 5 'executions' STANDIN_EXECUTIONS=10
expect smoke 5 'counts crashes' STANDIN_CRASHES=1
mkdir "$work/bad-seeds" && echo BAD >"$work/bad-seeds/one"
expect smoke 1 'the corpus has findings' FUZZ_SEEDS="$work/bad-seeds"

[ $status -eq 0 ] && echo "fuzz/selftest.sh: campaigns end as they should"
exit $status
