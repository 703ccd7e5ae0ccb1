# What run.sh and smoke.sh share; read by them, not run. Where something is in the way it says so in one sentence, what mends it in
# the next, and the status is 3, as everywhere in tcprove where the environment cannot be used.
# shellcheck shell=sh disable=SC2154,SC2034
proc=${FUZZ_PROC:-/proc}     # the tests put another one here
afl=${FUZZ_AFL:-afl-fuzz} # an AFL++ that is somewhere else

refuse() {
    echo "fuzz: $1" >&2
    exit "${2:-3}"
}

note() { echo "fuzz: $1"; }

# number NAME VALUE: a setting that counts something. More digits than a shell's numbers have are no number either.
number() {
    case $2 in
    '' | *[!0-9]* | ??????????*) ;;
    *) [ "$2" -lt 1 ] || return 0 ;;
    esac
    refuse "$1=$2 is no whole number from 1 to 999999999. Leave it out, or give one" 2
}

# What AFL++ would stop at, each with a better sentence than its own.
check_machine() {
    command -v "$afl" >/dev/null 2>&1 ||
        refuse "there is no $afl here. Install it: apt-get install afl++"
    [ -x "$build/fuzz/$target" ] ||
        refuse "$build/fuzz/$target is not built. Build it: make $build/fuzz/$target"
    case $(cat "$proc/sys/kernel/core_pattern" 2>/dev/null) in
    '|'*) [ -n "${FUZZ_ANYWAY:-}" ] ||
        refuse "core dumps are piped to a program, which makes crashes look like hangs. As root: echo core >/proc/sys/kernel/core_pattern (in a container: on its host), or go on with FUZZ_ANYWAY=1" ;;
    esac
    most=$(cat "$proc/sys/kernel/shmmax" 2>/dev/null || echo 18446744073692774399)
    # Compared as text where it is longer than a shell's numbers are.
    if [ ${#most} -lt 10 ] && [ "$most" -lt 4194304 ]; then
        refuse "shared memory is limited to $most octets, and AFL++ needs 4194304. As root: sysctl -w kernel.shmmax=67108864"
    fi
    for governor in "${FUZZ_SYS:-/sys}"/devices/system/cpu/cpu*/cpufreq/scaling_governor; do
        [ -r "$governor" ] && [ "$(cat "$governor")" != performance ] &&
            note "the CPU governor is $(cat "$governor"), which costs speed. As root: cpupower frequency-set -g performance" && break
    done
    return 0
}

# The cores that this process may use, one a line.
cores() {
    sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/self/status" | tr ',' '\n' |
        awk -F- '{ for (i = $1; i <= ($2 == "" ? $1 : $2); i++) print i }'
}

build_id() { sha256sum "$build/fuzz/$target" | cut -c1-12; }

# make_seeds FOLDER: what the campaign begins with. Ladders come from the catalog and from the ladders in fuzz/corpus.
make_seeds() {
    mkdir -p "$1" || refuse "$1 cannot be made. Name a folder that can be written: FUZZ_OUT=FOLDER"
    if [ -n "${FUZZ_SEEDS:-}" ]; then
        [ -d "$FUZZ_SEEDS" ] || refuse "FUZZ_SEEDS=$FUZZ_SEEDS is no folder. Name one with inputs in it" 2
        find "$FUZZ_SEEDS" -maxdepth 1 -type f -size -1024k -exec cp -n {} "$1" \;
    elif [ "$target" != ladder ]; then
        cp "fuzz/corpus/$target/"* "$1"
    elif [ -x "$build/tcprove" ]; then
        # shellcheck disable=SC2046
        "$build/tcprove" seeds "$1" $(find fuzz/corpus/ladder -name '*.ladder' | sort) || refuse "the catalog gave no seeds" 5
    else
        printf '\200\002\200\020' >"$1/handshake"
    fi
    [ -n "$(ls "$1")" ] || refuse "there is nothing to begin with in ${FUZZ_SEEDS:-fuzz/corpus/$target}" 2
}

# say FILE: what an oracle says about it in the plain program, in one line; nothing where none speaks.
say() {
    # A shell of its own, since shells tell of aborted programs.
    sh -c '"$0" "$1" || echo speaks' "$build/fuzz-plain/$target" "$1" 2>&1 | grep -v '^Aborted' | awk '
        $0 == "speaks" { print before; exit }
        { before = $0 }'
}

# play_all FOLDER: the same for all files in it, in one process where they are sound; status 1 where one is not.
play_all() {
    "$build/fuzz-plain/$target" "$1" >/dev/null 2>&1 && return 0
    find "$1" -maxdepth 1 -type f | sort >"$1.list"
    while read -r file; do
        said=$(say "$file")
        [ -z "$said" ] || { echo "$said" && echo "    $file" && found=1; }
    done <"$1.list"
    rm -f "$1.list"
    return "${found:-0}"
}

# begin_instance CORE KIND NAME [ARGUMENT...]: one afl-fuzz on one core; its process id is in $instance. An instance that was
# there goes on where it stopped, and AFL++ keeps its findings.
begin_instance() {
    core=$1 kind=$2 name=$3
    shift 3
    mutator=$build/fuzz/mutator.so
    dictionary=fuzz/ladder.dict
    if [ "$target" = ladder ]; then
        set -- -x "$dictionary" "$@"
        export AFL_CUSTOM_MUTATOR_LIBRARY="$mutator"
    fi
    TCPROVE_FUZZ_COUNTS=$out/$name.counts AFL_NO_UI=1 AFL_NO_COLOR=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_AUTORESUME=1 \
        AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_IGNORE_SEED_PROBLEMS=1 AFL_FORKSRV_INIT_TMOUT=10000 \
        taskset -c "$core" "$afl" -i "$seeds" -o "$out" "$kind" "$name" -t "${timeout_ms:-500}" -m none "$@" -- "$build/fuzz/$target" \
        >"$out/$name.log" 2>&1 </dev/null &
    instance=$!
}

# stat_of NAME FIELD: from an instance's fuzzer_stats; 0 where it is not there yet.
stat_of() {
    value=$(sed -n "s/^$2 *: *//p" "$out/$1/fuzzer_stats" 2>/dev/null | tr -d %)
    echo "${value:-0}"
}

# total FIELD: over all instances.
total() {
    for one in $names; do stat_of "$one" "$1"; done | awk '{ sum += $1 } END { printf "%d\n", sum }'
}

# Executions in a second, of all instances.
executions() {
    for one in $names; do echo "$(stat_of "$one" execs_done) $(stat_of "$one" run_time)"; done |
        awk '$2 > 0 { sum += $1 / $2 } END { printf "%d\n", sum }'
}

# What the target itself counted: segments per CPU second, and steps per input.
speed() {
    cat "$out"/*.counts 2>/dev/null | awk '
        { inputs += $1; steps += $3; segments += $5; cpu += $(NF - 3) }
        END { if (cpu > 0) printf "%d segments per CPU second, %.1f steps an input", segments / cpu, steps / inputs }'
}

# Pairs of state and event that the queue of the first instance reaches, told by the plain program.
pairs() {
    rm -f "$out/pairs"
    TCPROVE_FUZZ_COUNTS=$out/pairs "$build/fuzz-plain/$target" "$out/${names%% *}/queue" >/dev/null 2>&1
    [ -r "$out/pairs" ] && sed -n '$s/.*, \([0-9]* pairs\).*/\1/p' "$out/pairs"
    rm -f "$out/pairs"
}

status_line() {
    stability=$(for one in $names; do stat_of "$one" stability; done | sort -n | head -n 1)
    line="$(executions) executions/s, $(stat_of "${names%% *}" edges_found) edges, $(total saved_crashes) crashes, $(total saved_hangs) hangs, stability $stability %"
    for more in "$(pairs)" "$(speed)"; do [ -z "$more" ] || line="$line, $more"; done
    echo "$(date +%H:%M:%S) $line"
}

# Tells the findings of this campaign, one file for each sentence that differs in more than numbers; status 1 if there is one.
tell_findings() {
    find "$out" -path "$out/*/crashes*/id*" -o -path "$out/*/hangs*/id*" | sort >"$out/found"
    if [ -s "$out/found" ]; then
        echo "$(wc -l <"$out/found") findings (look at one with: $build/tcprove replay FILE):"
        while read -r file; do
            said=$(say "$file")
            printf '%s\t%s\n' "${said:-it was slow, or does not speak any more}" "$file"
        done <"$out/found" | awk -F'\t' '
            { kind = $1; gsub(/[0-9]+/, "", kind) }
            !seen[kind]++ { print $1; print "    " $2 }'
    fi
    [ ! -s "$out/found" ] && rm -f "$out/found"
}
