#!/bin/sh
# What the corpus (a seed of every case, and the ladders of fuzz/corpus) reaches of harness/reference/: lines, by gcov, and pairs of
# a state and an event. coverage.sh BUILD, where BUILD/tcprove is built with --coverage. Prints it, and draws it in
# BUILD/index.html. Status: 0 good, 1 a finding, or a pair that fuzz/unreachable.tsv is wrong about, 3 gcov is not there.
set -u
build=$1
command -v gcov >/dev/null 2>&1 || { echo "fuzz: there is no gcov here. Install it: apt-get install gcc" >&2; exit 3; }
rm -rf "$build/seeds"
find "$build" -name '*.gcda' -delete
# shellcheck disable=SC2046
"$build/tcprove" seeds "$build/seeds" $(find fuzz/corpus/ladder -name '*.ladder' | sort) || exit 1
find "$build" -name '*.gcda' -delete # what making the seeds has run is none of theirs
"$build/tcprove" replay --pairs "$build/seeds" >"$build/pairs.tsv" || exit 1

for source in harness/reference/*.c; do
    echo "FILE $source"
    gcov -t -o "$build/${source%.c}.o" "$source" 2>/dev/null | awk -v source="$source" '
        # A header that is annotated beside the file has a Source of its own.
        /^ *-: *0:/ { if (/0:Source:/) here = substr($0, index($0, "Source:") + 7) == source; next }
        here {
            count = $0; sub(/:.*/, "", count); gsub(/[ *]/, "", count); if (count ~ /^[#=]/) count = 0
            rest = substr($0, index($0, ":") + 1); number = rest; sub(/:.*/, "", number); sub(/^[^:]*:/, "", rest)
            printf "%s\t%d\t%s\n", count, number, rest
        }'
done >"$build/lines.txt"
[ "$(wc -l <"$build/lines.txt")" -gt 1000 ] || { echo "fuzz: gcov says nothing of $build. Is it built with --coverage?" >&2; exit 3; }

grep -q '^[1-9]' "$build/lines.txt" || { echo "fuzz: no line was counted, although there were $(wc -l <"$build/pairs.tsv") pairs" >&2; exit 3; }

awk -F'\t' '
    /^FILE / { name = substr($0, 6); names[++files] = name; next }
    $1 != "-" { lines[name]++; all++; if ($1 + 0 > 0) { met[name]++; all_met++ } }
    END {
        printf "lines of code: %d reached, of %d\n", all_met, all
        for (i = 1; i <= files; i++) printf "    %-48s %4d of %4d\n", names[i], met[names[i]], lines[names[i]]
        printf "lines never reached:\n"
    }' "$build/lines.txt"
awk -F'\t' '/^FILE / { name = substr($0, 6); next } $1 == "0" { text = $3; sub(/^ +/, "", text); printf "    %s:%d: %s\n", name, $2, text }' "$build/lines.txt"
awk -f fuzz/pairs.awk fuzz/unreachable.tsv "$build/pairs.tsv"
status=$?
awk -f fuzz/coverage.awk fuzz/unreachable.tsv "$build/pairs.tsv" "$build/lines.txt" >"$build/index.html"
echo "A page with it: $build/index.html"
exit $status
