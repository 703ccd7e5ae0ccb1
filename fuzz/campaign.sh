# What run.sh and smoke.sh share; read by them, not run. Where something is in the way it says so in one sentence, what mends it in
# the next, and the status is 3, as everywhere in tcprove where the environment cannot be used.
# shellcheck shell=sh disable=SC2154,SC2034
proc=${FUZZ_PROC:-/proc}     # the tests put another one here
afl=${FUZZ_AFL:-afl-fuzz} # an AFL++ that is somewhere else
flavour=fuzz              # of the program that AFL++ runs

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

# What is wrong with settings that run.sh and smoke.sh share, before anything is built.
check_settings() {
    wrong=$(echo "${TCPROVE_ORACLES:-all}" | tr , '\n' | grep -vxE 'invariants|referee|stream|work|memory|rest' | head -n 1)
    case ${TCPROVE_ORACLES:-all} in
    all) ;;
    none) note "no oracle watches (TCPROVE_ORACLES=none): only what crashes or does not end is found" ;;
    *) [ -z "$wrong" ] || refuse "TCPROVE_ORACLES=$TCPROVE_ORACLES: $wrong is no oracle. invariants, referee, stream, work, memory and rest are, with commas between; or all, or none alone" 2 ;;
    esac
    [ -z "${FUZZ_AFL:-}" ] || command -v "$afl" >/dev/null 2>&1 ||
        refuse "FUZZ_AFL=$afl is no program here. Leave it out, or install one: apt-get install afl++"
    [ -z "${FUZZ_SEEDS:-}" ] || [ -d "$FUZZ_SEEDS" ] || refuse "FUZZ_SEEDS=$FUZZ_SEEDS is no folder. Name one with inputs in it" 2
    [ -z "${FUZZ_SEEDS:-}" ] || [ -n "$(find "$FUZZ_SEEDS" -maxdepth 1 -type f -size -1024k | head -n 1)" ] ||
        refuse "there is no input in FUZZ_SEEDS=$FUZZ_SEEDS. Name a folder with files in it" 2
}

# may_write FOLDER: it can be written, or made.
may_write() {
    at=$1
    while [ ! -e "$at" ]; do at=$(dirname "$at"); done
    [ -d "$at" ] && [ -w "$at" ]
}

program() { echo "$build/$flavour/$target"; }

# What tells of single files: under a sanitizer, the program itself.
player() { if [ "$flavour" = fuzz ]; then echo "$build/fuzz-plain/$target"; else program; fi; }

# What AFL++ would stop at, each with a better sentence than its own.
check_machine() {
    command -v "$afl" >/dev/null 2>&1 ||
        refuse "there is no $afl here. Install it: apt-get install afl++"
    [ -x "$(program)" ] || refuse "$(program) is not built. Build it: make $(program)"
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

# The cores that this process may use, one a line: those first that no other campaign's afl-fuzz has for itself.
cores() {
    taken=" $(taken_cores) "
    sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/self/status" | tr ',' '\n' |
        awk -F- -v taken="$taken" '{ for (i = $1; i <= ($2 == "" ? $1 : $2); i++)
                                         if (index(taken, " " i " ")) after[++count] = i; else print i }
                                   END { for (i = 1; i <= count; i++) print after[i] }'
}
taken_cores() {
    for process in /proc/[0-9]*; do
        [ "$(cat "$process/comm")" != afl-fuzz ] || sed -n 's/^Cpus_allowed_list:[[:space:]]*\([0-9]*\)$/\1/p' "$process/status"
    done 2>/dev/null | tr '\n' ' '
}

build_id() { sha256sum "$(program)" | cut -c1-12; }

# make_seeds FOLDER: what the campaign begins with. Ladders come from the catalog and from the ladders in fuzz/corpus. The folder
# is there when it is whole.
make_seeds() {
    rm -rf "$1.part"
    mkdir -p "$1.part" || refuse "$1 cannot be made. Name a folder that can be written: FUZZ_OUT=FOLDER"
    fill_seeds "$1.part"
    [ -n "$(ls "$1.part")" ] || refuse "there is nothing to begin with in ${FUZZ_SEEDS:-fuzz/corpus/$target}" 2
    mv "$1.part" "$1" || refuse "$1 cannot be made. Name a folder that can be written: FUZZ_OUT=FOLDER"
}

fill_seeds() {
    if [ -n "${FUZZ_SEEDS:-}" ]; then
        find "$FUZZ_SEEDS" -maxdepth 1 -type f -size -1024k -exec cp -t "$1" {} + || refuse "FUZZ_SEEDS=$FUZZ_SEEDS cannot be copied to $1"
        [ "$target" != ladder ] || convert_ladders "$1"
    elif [ "$target" != ladder ]; then
        cp "fuzz/corpus/$target/"* "$1" || refuse "fuzz/corpus/$target cannot be copied to $1"
    elif [ -x "$build/tcprove" ]; then
        # shellcheck disable=SC2046
        "$build/tcprove" seeds "$1" $(find fuzz/corpus/ladder -name '*.ladder' | sort) || refuse "the catalog gave no seeds" 5
    else
        printf '\200\002\200\020' >"$1/handshake"
    fi
}

# convert_ladders FOLDER: those that are text become inputs. (`tcprove seeds` makes those of the catalog too, which nobody asked for.)
convert_ladders() {
    rm -rf "$1.text" "$1.made"
    mkdir "$1.text" || refuse "$1.text cannot be made"
    find "$1" -type f -exec env LC_ALL=C grep -lIZE '^(PEER|APP|WAIT|ON|ICMP) \(' {} + | xargs -0 -r mv -t "$1.text"
    if [ -n "$(ls "$1.text")" ]; then
        [ -x "$build/tcprove" ] || refuse "$build/tcprove is not built, and reads the ladders in $FUZZ_SEEDS. Build it: make $build/tcprove"
        "$build/tcprove" seeds "$1.made" "$1.text"/* || refuse "a ladder in FUZZ_SEEDS=$FUZZ_SEEDS cannot be read" 2
        for text in "$1.text"/*; do mv "$1.made/${text##*/}" "$1" || refuse "${text##*/} gave no seed" 5; done
    fi
    rm -rf "$1.text" "$1.made"
}

# An input takes some thousandths of a second; so many seconds are for a busy machine. After so many that do not end, others
# that may not are left alone.
most_seconds=${FUZZ_MOST_SECONDS:-5}
most_endless=5

# say FILE: what an oracle says about it in the plain program, in one line; nothing where none speaks.
say() {
    # A shell of its own, since shells tell of aborted programs.
    sh -c 'timeout "$2" "$0" "$1"; printf "\nended %s\n" $?' "$(player)" "$1" "$most_seconds" 2>&1 </dev/null | grep -av '^Aborted' |
        awk -v seconds="$most_seconds" '
        /^ended [0-9]+$/ { status = $2; next }
        /ERROR: AddressSanitizer|runtime error:/ && report == "" { report = $0 }
        $0 != "" { before = $0 }
        END {
            if (status == 124) print "it does not end: stopped after " seconds " s"
            else if (status == 2 || status == 3) print "it cannot be played: " before
            else if (status != 0) print report != "" ? report : before
        }'
}

# play_all FOLDER: the same for all files in it, in one process where they are sound; status 1 where one is not. How many are
# findings is in $faulty.
play_all() {
    faulty=0 endless=0
    list=$(find "$1" -maxdepth 1 -type f | sort)
    limit=$((2 * most_seconds + $(echo "$list" | wc -l) / 100))
    played=$(sh -c 'timeout "$2" "$0" "$1" >/dev/null 2>&1; echo $?' "$(player)" "$1" "$limit" 2>/dev/null)
    case $played in
    0) return 0 ;;
    2 | 3) refuse "the seeds cannot be played: $("$(player)" "$1" 2>&1 | tail -n 1)" ;;
    124) note "the seeds do not end within $limit s; each is played alone" ;;
    esac
    while read -r file; do
        said=$(say "$file")
        [ -n "$said" ] || continue
        faulty=$((faulty + 1))
        echo "$said"
        echo "    $file"
        case $said in "it does not end"*) endless=$((endless + 1)) ;; esac
        [ $endless -lt $most_endless ] || { note "the seeds after this one are not played" && break; }
    done <<END
$list
END
    [ $faulty -eq 0 ]
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
        taskset -c "$core" "$afl" -i "$seeds" -o "$out" "$kind" "$name" -t "${timeout_ms:-500}" -m none "$@" -- "$(program)" \
        >"$out/$name.log" 2>&1 </dev/null 9>&- & # the lock is run.sh's: a target may stay behind when AFL++ is killed
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
    TCPROVE_FUZZ_COUNTS=$out/pairs timeout 30 "$(player)" "$out/${names%% *}/queue" >/dev/null 2>&1
    [ -r "$out/pairs" ] && sed -n '$s/.*, \([0-9]* pairs\).*/\1/p' "$out/pairs"
    rm -f "$out/pairs"
}

status_line() {
    stability=$(for one in $names; do stat_of "$one" stability; done | sort -n | head -n 1)
    line="$(executions) executions/s, $(stat_of "${names%% *}" edges_found) edges, $(total saved_crashes) crashes, $(total saved_hangs) hangs, stability $stability %"
    for more in "$(pairs)" "$(speed)"; do [ -z "$more" ] || line="$line, $more"; done
    echo "$(date +%H:%M:%S) $line"
}

# The processes of afl-fuzz that are busy in $out, as words of a sentence.
running_there() {
    for process in /proc/[0-9]*; do
        tr '\0' ' ' 2>/dev/null <"$process/cmdline" | grep -qaF -e " -o $out -" && echo "${process##*/}"
    done 2>/dev/null | tr '\n' ' ' | sed 's/ $//; s/..*/ (its afl-fuzz: process &)/'
}

# outcome NAME STATUS: how an instance of this run, which began at $began, has ended: `good`; `never`, where its fuzzer_stats are
# not of this run; or `died`.
outcome() {
    if [ "$(stat_of "$1" last_update)" -lt "$began" ]; then
        echo never
    elif [ "$2" -ne 0 ]; then
        echo died
    else
        echo good
    fi
}

why_not() { grep -ahE 'PROGRAM ABORT|SYSTEM ERROR|error|Location' "$out/$1.log" | head -n 3 >&2; }

# A file of some size can still be written.
has_room() {
    { head -c 65536 /dev/zero >"$out/.room"; } 2>/dev/null
    room=$?
    rm -f "$out/.room"
    return $room
}

findings() {
    for folder in "$out"/*/crashes* "$out"/*/hangs*; do
        [ ! -d "$folder" ] || find "$folder" -maxdepth 1 -type f -name 'id*' ! -name '*.min'
    done | sort
}

# Tells the findings of this campaign, one file for each sentence that differs in more than numbers; status 1 if there is one.
# How many have no octets, since there was no room for them, is in $lost.
tell_findings() {
    list=$(findings)
    lost=0 endless=0 left=0
    [ -n "$list" ] || return 0
    echo "$(echo "$list" | wc -l) findings (look at one with: $build/tcprove replay FILE):"
    kinds=$(while read -r file; do
        case $file in
        */hangs*/id*) [ $endless -lt $most_endless ] || continue ;;
        esac
        said=$(say "$file")
        [ -s "$file" ] || said="it has no octets: there was no room for it"
        case $said in "it does not end"*) endless=$((endless + 1)) ;; esac
        printf '%s\t%s\n' "${said:-it was slow, or does not speak any more}" "$file"
    done <<END
$list
END
    )
    echo "$kinds" | awk -F'\t' '
        { kind = $1; gsub(/[0-9]+/, "", kind) }
        !seen[kind]++ { print $1; print "    " $2 }'
    lost=$(echo "$kinds" | grep -c '^it has no octets')
    left=$(($(echo "$list" | wc -l) - $(echo "$kinds" | wc -l)))
    [ $left -eq 0 ] || note "$left more in hangs/ were not played, since $most_endless did not end"
    return 1
}
