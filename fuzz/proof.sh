#!/bin/sh
# Would the oracles and AFL++ find bugs such as real stacks had? Plants each patch of fuzz/proof in a copy of the tree and looks:
#   proof.sh [BUG...]         AFL++ on one core, PROOF_SECONDS (120) at most for each of PROOF_SEEDS (1 2 3); a table of times.
#                             Seconds are of CPU time, so that what else runs on the machine decides nothing.
#   proof.sh --settings       looks at the settings alone, before anything is built
# A bug is named by its number, or by how its name begins; PROOF_BUGS does it too. Left out, it is all of them.
#   PROOF_QUICK=1 proof.sh    no AFL++: the smallest input that shows each bug makes the oracle speak that the patch names
# A seed that shows a bug by itself is left out of the start of that bug. PROOF_CORE: the core, else the last one of this process.
# What AFL++ finds that is there without the bug too does not count, and is kept in build/proof.
# Status: 0 all were found, 1 one was not, 2 usage, 3 this machine cannot fuzz.
set -u
target=ladder
# shellcheck source=fuzz/campaign.sh
. fuzz/campaign.sh
quick=${PROOF_QUICK:-}
seconds=${PROOF_SECONDS:-120}
numbers=${PROOF_SEEDS:-1 2 3}
number PROOF_SECONDS "$seconds"
for one in $numbers; do number PROOF_SEEDS "$one"; done
settings=''
[ "${1:-}" != --settings ] || { settings=1 && shift; }
# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- ${PROOF_BUGS:-$(cd fuzz/proof && echo *.patch)}
bugs=''
for bug in "$@"; do
    bug=$(basename "$bug" .patch)
    case $bug in [0-9]) bug=0$bug ;; esac
    named=$(find fuzz/proof -name "$bug*.patch" | sed 's,.*/,,; s/.patch$//' | sort)
    [ -n "$named" ] || refuse "there is no planted bug $bug in fuzz/proof. Name some by their numbers: PROOF_BUGS=\"07 11\"" 2
    bugs="$bugs $named"
done
[ -z "$settings" ] || exit 0
command -v patch >/dev/null 2>&1 || refuse "there is no patch here. Install it: apt-get install patch"
unset MAKEFLAGS MFLAGS MAKELEVEL # of the make that started this: the copies are built by themselves
here=$(pwd)
work=$(mktemp -d) || refuse "no temporary folder can be made. Name one that can be written: TMPDIR=FOLDER"
instance=''
finish() {
    [ -z "$instance" ] || kill -TERM "$instance" 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

# ---- programs

copy_tree() {
    mkdir -p "$work/sound"
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        git ls-files --cached --others --exclude-standard | while read -r file; do [ ! -f "$file" ] || echo "$file"; done
    else
        find . -type f ! -path './build/*' | sed 's|^\./||'
    fi >"$work/files"
    tar -cf - -T "$work/files" | tar -xf - -C "$work/sound"
}

# Where the oracle is ASan, its build; otherwise what is fastest. With AFL++, the program that it runs also tells of single files.
program_for() {
    case $quick-$1 in
    -asan) echo build/fuzz-asan/ladder ;;
    -*) echo build/fuzz/ladder ;;
    *-asan) echo build-asan/fuzz-plain/ladder ;;
    *) echo build/fuzz-plain/ladder ;;
    esac
}

# make_program TREE PROGRAM...: status 1 with the compiler's words.
make_program() {
    tree=$1
    shift
    for one in "$@"; do
        set -- BUILD=build
        [ "${one%%/*}" != build-asan ] || set -- BUILD=build-asan 'SANITIZE=-fsanitize=address,undefined -fno-sanitize-recover=all'
        make -C "$tree" "$@" "$one" >"$work/made" 2>&1 || { tail -n 5 "$work/made" && return 1; }
    done
}

# spoke PROGRAM FILE: the oracle that speaks about an input; nothing where none does.
spoke() {
    # A shell of its own, since shells tell of aborted programs.
    ASAN_OPTIONS=symbolize=0 sh -c 'timeout 5 "$0" "$1"; echo "status $?"' "$1" "$2" 2>&1 </dev/null | awk '
        /AddressSanitizer|runtime error:/ { said = "asan" }
        /^[a-z]+, step [0-9]+, / && said == "" { split($0, word, ","); said = word[1] }
        $1 == "status" && $2 != 0 { print $2 == 124 ? "hang" : said == "" ? "crash" : said }'
}

# ---- without AFL++: prove BUG ORACLE PROGRAM
show_by_ladder() {
    input=$work/shown/$1.ladder
    [ -f "$input" ] || { echo "$1: there is no fuzz/proof/$1.ladder" && return 1; }
    # Alone but for `rest`, which plays the end; and with none, since each can be switched off.
    only=all none=all
    case $2 in
    asan | hang) ;;
    *) only=$2,rest none=none ;;
    esac
    said=$(TCPROVE_ORACLES=$only spoke "$work/bug/$3" "$input")
    [ "$said" = "$2" ] || { echo "$1: ${said:-nothing} spoke, not $2" && return 1; }
    [ $none = all ] || [ -z "$(TCPROVE_ORACLES=none spoke "$work/bug/$3" "$input")" ] ||
        { echo "$1: an oracle speaks that is switched off" && return 1; }
    said=$(spoke "$work/sound/$3" "$input")
    [ -z "$said" ] || { echo "$1: $said speaks without the bug too" && return 1; }
    echo "$2" >>"$work/oracles"
    printf '%-34s %s\n' "$1" "$2"
}

# ---- with AFL++

# The seeds that say nothing about this bug are in $work/start; how many others there are, in $left_out.
choose_seeds() {
    rm -rf "$work/start"
    cp -r "$work/seeds" "$work/start"
    left_out=0
    # The program names each file before it plays it: the last one is what it stopped at.
    until ASAN_OPTIONS=symbolize=0 sh -c 'timeout 20 "$0" "$1"' "$work/bug/$1" "$work/start" >"$work/played" 2>&1; do
        file=$(grep "^$work/start/" "$work/played" | tail -n 1)
        [ -n "$(spoke "$work/bug/$1" "$file")" ] || refuse "the seeds cannot be played: $(tail -n 1 "$work/played")" 5
        rm "$file"
        left_out=$((left_out + 1))
    done
}

# first_finding PROGRAM: the first one that the tree without the bug does not have, in $found; those that it has are told once.
# What is none when it is played alone was slow because the machine was.
first_finding() {
    find "$out/default/crashes" "$out/default/hangs" -name 'id*' 2>/dev/null | sort -t: -k4 >"$work/findings"
    while read -r one; do
        grep -qxF "$one" "$work/own" && continue
        echo "$one" >>"$work/own"
        [ -n "$(spoke "$work/bug/$1" "$one")" ] || continue
        [ -n "$(spoke "$work/sound/$1" "$one")" ] || { found=$one && return 0; }
        mkdir -p "$here/build/proof" && cp "$one" "$here/build/proof/$(sha256sum "$one" | cut -c1-12)"
    done <"$work/findings"
}

# used_by PROCESS: seconds of CPU time that it and those below it have had.
used_by() {
    cat /proc/[0-9]*/stat 2>/dev/null | sed 's/ (.*) / /' | awk -v root="$1" -v ticks="$(getconf CLK_TCK)" '
        { parent[$1] = $3; used[$1] = $13 + $14 + $15 + $16 }
        END {
            for (one in used) {
                for (at = one; at in parent && at != root;) at = parent[at]
                if (at == root) sum += used[one]
            }
            printf "%.2f\n", sum / ticks
        }'
}

less() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < b) }'; }

# hunt NUMBER PROGRAM: AFL++ until the first finding, whose path is in $found; empty where there is none.
hunt() {
    out=$work/out
    rm -rf "$out"
    began=$(date +%s%3N)
    AFL_CUSTOM_MUTATOR_LIBRARY=$work/sound/build/fuzz/mutator.so AFL_CUSTOM_MUTATOR_ONLY=1 AFL_NO_UI=1 AFL_NO_COLOR=1 \
        AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_IGNORE_SEED_PROBLEMS=1 \
        AFL_FORKSRV_INIT_TMOUT=10000 taskset -c "$core" "$afl" -i "$work/start" -o "$out" -s "$1" -t 500 -m none \
        -x fuzz/ladder.dict -V $((seconds * 20)) -- "$work/bug/$2" >"$work/afl.log" 2>&1 </dev/null &
    instance=$!
    found='' used=0 lasted=1
    : >"$work/own"
    while kill -0 "$instance" 2>/dev/null && [ -z "$found" ] && less "$used" "$seconds"; do
        sleep 0.3
        first_finding "$2"
        used=$(used_by "$instance")
        lasted=$(($(date +%s%3N) - began))
    done
    kill -TERM "$instance" 2>/dev/null
    wait "$instance" 2>/dev/null
    instance=''
    [ -e "$out/default/fuzzer_stats" ] || refuse "afl-fuzz did not begin: $(grep -hE 'ABORT|ERROR' "$work/afl.log" | head -n 1)"
    [ -n "$found" ] || first_finding "$2"
}

# In seconds of CPU time: AFL++ names a finding by its own clock, of which the instance had a part.
time_of() {
    basename "$1" | sed -n 's/.*,time:\([0-9]*\).*/\1/p' |
        awk -v used="$used" -v lasted="$lasted" '{ printf "%.1f\n", $1 / lasted * used }'
}

median() { sort -n | awk '{ at[NR] = $1 } END { if (NR > 0) print at[int((NR + 1) / 2)] }'; }

find_with_afl() {
    choose_seeds "$3"
    times='' who='' missed=0
    for number in $numbers; do
        hunt "$number" "$3"
        if [ -z "$found" ]; then
            times="$times $(printf '%8s' '-')" missed=1
            continue
        fi
        [ -z "${PROOF_KEEP:-}" ] || cp "$found" "$PROOF_KEEP/$1.$number"
        said=$(spoke "$work/bug/$3" "$found")
        case " $who " in *" $said "*) ;; *) who="$who${who:+ }$said" ;; esac
        time_of "$found" >>"$work/times"
        times="$times $(printf '%8s' "$(time_of "$found")")"
    done
    middle=$(echo "$times" | tr -s ' ' '\n' | grep '[0-9]' | median)
    printf '%-34s %-18s %5s %s %8s\n' "$1" "${who:--}" "$left_out" "$times" "$middle"
    [ "$left_out" -gt 0 ] || echo "$1" >>"$work/unseen"
    return $missed
}

# ---- each bug

# prove BUG: status 1 where it is not found.
prove() {
    oracle=$(sed -n 's/^# Oracle: //p' "fuzz/proof/$1.patch")
    program=$(program_for "$oracle")
    rm -rf "$work/bug"
    cp -a "$work/sound" "$work/bug"
    patch -s -l -p1 -d "$work/bug" <"fuzz/proof/$1.patch" >"$work/made" 2>&1 ||
        { echo "$1: the patch does not fit: $(tail -n 1 "$work/made")" && return 1; }
    make_program "$work/bug" "$program" || { echo "$1: it does not build" && return 1; }
    if [ -n "$quick" ]; then show_by_ladder "$1" "$oracle" "$program"; else find_with_afl "$1" "$oracle" "$program"; fi
}

copy_tree
# shellcheck disable=SC2086
needed=$(for bug in $bugs; do program_for "$(sed -n 's/^# Oracle: //p' "fuzz/proof/$bug.patch")"; done | sort -u)
[ -n "$quick" ] || needed="$needed build/fuzz/mutator.so"
# shellcheck disable=SC2086
make_program "$work/sound" build/tcprove $needed || refuse "the tree does not build" 1
sow() { "$work/sound/build/tcprove" seeds "$@" >/dev/null || refuse "the catalog gave no seeds" 5; }
# shellcheck disable=SC2046
sow "$work/seeds" $(find fuzz/corpus/ladder -name '*.ladder' | sort)
sow "$work/shown" fuzz/proof/*.ladder
if [ -z "$quick" ]; then
    build=$work/sound/build
    make_program "$work/sound" build/fuzz/ladder || refuse "the target does not build" 1
    check_machine
    core=${PROOF_CORE:-$(cores | tail -n 1)}
    heads=$(for one in $numbers; do printf ' %8s' "-s $one"; done)
    printf '%-34s %-18s %5s %s %8s   (seeds left out, seconds to find)\n' bug oracle seeds "$heads" median
fi

failed=0 count=0
for bug in $bugs; do
    count=$((count + 1))
    prove "$bug" || failed=$((failed + 1))
done
if [ -n "$quick" ]; then
    echo "$((count - failed)) of $count planted bugs are shown, by $(sort -u "$work/oracles" | wc -l) oracles"
else
    touch "$work/unseen" "$work/times"
    echo "$((count - failed)) of $count planted bugs were found with every seed of chance;" \
        "$(wc -l <"$work/unseen") are shown by no seed of the corpus; median $(median <"$work/times") s, at most $(sort -n "$work/times" | tail -n 1) s"
fi
own=$([ -n "$quick" ] || find build/proof -type f -newer "$work/files" 2>/dev/null | head -n 1)
[ -z "$own" ] || note "there are findings without any planted bug: tcprove replay $own"
[ $failed -eq 0 ]
