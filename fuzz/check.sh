#!/bin/bash
# The tests of what is built for AFL++ and libFuzzer, with AFL++ itself: some minutes. Prints what is wrong; status 1 if anything is.
#   fuzz/check.sh BUILD
set -u
build=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
wrong() { echo "fuzz/check.sh: $*" >&2; status=1; }
say() { echo "fuzz/check.sh: $*"; }
showmap() { afl-showmap -q -t 2000 -m none -i "$1" -o "$2" -- "$build/fuzz/$3" >/dev/null 2>&1; }

# ---- a pair of state and event that is new gives the map a tuple that is new, where the code is the same: two calls that the TCP
# does not hear of, RECEIVE and PAUSE_READING
mkdir "$work/pairs"
printf '\201\004' >"$work/pairs/a"
printf '\201\005' >"$work/pairs/b"
showmap "$work/pairs" "$work/pairs.map" ladder
[ "$(diff "$work/pairs.map/a" "$work/pairs.map/b" | grep -c '^[<>]')" = 2 ] ||
    wrong "two pairs do not differ in one tuple each: $(diff "$work/pairs.map/a" "$work/pairs.map/b")"

# ---- an input does the same whatever was played before it in the process
"$build/tcprove" seeds "$work/seeds" fuzz/corpus/ladder/*.ladder || wrong "the catalog gives no seeds"
mkdir "$work/ladder"
for seed in "$work"/seeds/*; do
    cp "$seed" "$work/ladder/1-${seed##*/}"
    cp "$seed" "$work/ladder/2-${seed##*/}"
done
for target in ladder frame notation results datagrams; do
    if [ $target != ladder ]; then
        mkdir "$work/$target"
        for seed in "fuzz/corpus/$target"/*; do
            cp "$seed" "$work/$target/1-${seed##*/}"
            cp "$seed" "$work/$target/2-${seed##*/}"
        done
    fi
    showmap "$work/$target" "$work/$target.map" $target
    count=0
    for map in "$work/$target.map"/1-*; do
        cmp -s "$map" "${map%/1-*}/2-${map##*/1-}" || wrong "$target: ${map##*/1-} does not do the same twice"
        count=$((count + 1))
    done
    [ $count -gt 1 ] || wrong "$target: no map came"
    for flavour in fuzz fuzz-asan fuzz-plain; do
        "$build/$flavour/$target" "$work/$target" >"$work/said" 2>&1 || wrong "$flavour/$target: $(tail -n 3 "$work/said")"
    done
    "$build/fuzz-libfuzzer/$target" "$work/$target"/* >"$work/said" 2>&1 || wrong "fuzz-libfuzzer/$target: $(tail -n 3 "$work/said")"
    say "$target: $count inputs do the same twice, in four flavours"
done

# ---- two machines: what one of them finds, the other one learns of by AFL++'s own reading of the folder
export TCPROVE_ORACLES=none FUZZ_JOBS=1 FUZZ_STATUS_SECONDS=1 FUZZ_SYNC="$work/shared"
mkdir "$work/few" && printf '\200\002\200\020' >"$work/few/handshake"
FUZZ_SECONDS=8 FUZZ_HOST=rich FUZZ_SEEDS=$work/seeds FUZZ_OUT=$work/rich fuzz/run.sh "$build" >"$work/said" 2>&1 || wrong "$(cat "$work/said")"
FUZZ_SECONDS=15 FUZZ_HOST=poor FUZZ_SEEDS=$work/few FUZZ_OUT=$work/poor fuzz/run.sh "$build" >"$work/said" 2>&1 || wrong "$(cat "$work/said")"
learned=$(find "$work/poor/main/queue" -name '*sync:rich-main*' | wc -l)
[ "$learned" -gt 0 ] || wrong "nothing that one machine found was taken up by the other"
say "one instance took up $learned inputs that another one had found"

# ---- two campaigns on one machine: each has a core of its own
if [ "$(nproc)" -ge 2 ]; then
    core_of() { # FOLDER: of its afl-fuzz, once that is there
        for _ in $(seq 100); do
            process=$(pgrep -x afl-fuzz -a | grep -F -e " -o $1 " | cut -d ' ' -f 1)
            [ -n "$process" ] && sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$process/status" && return
            sleep 0.1
        done
    }
    cores=''
    for folder in left right; do
        FUZZ_SECONDS=10 FUZZ_SYNC='' FUZZ_SEEDS=$work/few FUZZ_OUT=$work/$folder fuzz/run.sh "$build" >"$work/$folder.said" 2>&1 &
        cores="$cores $(core_of "$work/$folder")"
    done
    wait
    # shellcheck disable=SC2086
    [ "$(printf '%s\n' $cores | sort -u | grep -c '^[0-9]*$')" = 2 ] || wrong "two campaigns run on the cores$cores"
    grep -q "another campaign's too" "$work/left.said" "$work/right.said" && wrong "a core is told to be shared that is not"
    say "two campaigns have two cores"
fi

# ---- a campaign's folder as AFL++ and run.sh leave it: its inputs are replayed, for the target that it is of
FUZZ_SECONDS=3 FUZZ_TARGET=datagrams FUZZ_SYNC='' FUZZ_OUT=$work/any fuzz/run.sh "$build" >"$work/said" 2>&1 || wrong "$(cat "$work/said")"
for folder in rich any; do
    inputs=$(find "$work/$folder" -type f -path '*/queue/id*' | wc -l)
    "$build/tcprove" replay --oracles none "$work/$folder" >"$work/said" 2>&1 || wrong "replay of a campaign: $(tail -n 3 "$work/said")"
    [ "$(cat "$work/said")" = "$inputs inputs, 0 findings" ] || wrong "replay of a campaign with $inputs inputs: $(tail -n 3 "$work/said")"
done
"$build/tcprove" replay "$(find "$work/any/main/queue" -name 'id*' | head -n 1)" >"$work/said" 2>&1
grep -q 'of the target datagrams' "$work/said" || wrong "an input of a campaign with datagrams is taken for $(tail -n 1 "$work/said")"
say "folders of campaigns are replayed as they are"

# ---- an AFL++ that does not begin, in a campaign that has numbers of an earlier start; and the flavour with sanitizers
FUZZ_SECONDS=3 FUZZ_TARGET=datagrams FUZZ_SYNC='' FUZZ_OUT=$work/any AFL_MAP_SIZE=bogus fuzz/run.sh "$build" >"$work/said" 2>&1
[ $? -eq 3 ] || wrong "a campaign without AFL++ is no failure: $(cat "$work/said")"
grep -q 'did not begin' "$work/said" || wrong "a campaign without AFL++ does not say so: $(cat "$work/said")"
FUZZ_SECONDS=3 FUZZ_FLAVOUR=asan FUZZ_SYNC='' FUZZ_SEEDS=$work/few FUZZ_OUT=$work/asan fuzz/run.sh "$build" >"$work/said" 2>&1 ||
    wrong "a campaign under ASan: $(cat "$work/said")"
grep -q fuzz-asan/ladder "$work/asan/main/fuzzer_setup" || grep -q fuzz-asan/ladder "$work/asan/main/fuzzer_stats" ||
    wrong "FUZZ_FLAVOUR=asan fuzzes another program"

# ---- an ordinary user, without the right to change anything
if [ "$(id -u)" -eq 0 ]; then
    mkdir "$work/user" && chmod 755 "$work" && chown 65534:65534 "$work/user"
    FUZZ_SECONDS=3 FUZZ_SEEDS=$work/few FUZZ_OUT=$work/user/out FUZZ_SYNC='' setpriv --reuid=65534 --regid=65534 --clear-groups \
        fuzz/run.sh "$build" >"$work/said" 2>&1 || wrong "as an ordinary user: $(cat "$work/said")"
    grep -q 'Nothing was found' "$work/said" || wrong "as an ordinary user: $(cat "$work/said")"
    chmod 777 "$work/any"
    FUZZ_SECONDS=3 FUZZ_TARGET=datagrams FUZZ_OUT=$work/any FUZZ_SYNC='' setpriv --reuid=65534 --regid=65534 --clear-groups \
        fuzz/run.sh "$build" >"$work/said" 2>&1
    [ $? -eq 3 ] || wrong "another user's campaign: $(cat "$work/said")"
fi
unset TCPROVE_ORACLES

# ---- as OSS-Fuzz builds and runs them
mkdir "$work/out" "$work/oss"
flags='-O1 -g -fsanitize=address,fuzzer-no-link'
if CC=clang CXX=clang++ CFLAGS=$flags CXXFLAGS=$flags LIB_FUZZING_ENGINE=-fsanitize=fuzzer SRC=$work OUT=$work/out WORK=$work/oss \
    fuzz/build.sh >"$work/said" 2>&1; then
    for target in ladder frame notation results datagrams; do
        mkdir "$work/oss/$target"
        python3 -m zipfile -e "$work/out/${target}_seed_corpus.zip" "$work/oss/$target"
        (cd "$work/oss" && env -i "$work/out/$target" -runs=2000 -seed=1 "$work/oss/$target" >"$work/said" 2>&1) ||
            wrong "$target as OSS-Fuzz builds it: $(grep -v '^#' "$work/said" | tail -n 20)"
    done
    [ -s "$work/out/ladder.dict" ] || wrong "there is no dictionary for OSS-Fuzz"
    say "build.sh makes what OSS-Fuzz runs"
else
    wrong "build.sh: $(tail -n 20 "$work/said")"
fi
exit $status
