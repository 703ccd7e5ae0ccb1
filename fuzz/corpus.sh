#!/bin/sh
# The corpus of the target `ladder`: corpus.sh BUILD; corpus.sh --settings looks at the settings alone. A seed of every case is made
# anew each time, into BUILD/corpus/seeds; what campaigns reached beyond those and beyond the ladders of fuzz/corpus/ladder is added
# there, as small ladders with names that say what they reach; what is enough of all that for AFL++ goes into BUILD/corpus/least.
# CORPUS_FROM: folders of inputs, otherwise the queues of that target's campaigns in BUILD/campaigns. Said twice it adds nothing the
# second time. Status: 0 good, 1 a finding, 2 usage, 3 AFL++ is not there.
set -u
build=$1
for folder in ${CORPUS_FROM:-}; do
    [ -d "$folder" ] || { echo "fuzz: CORPUS_FROM names $folder, which is no folder. Name folders of inputs, or leave it out" >&2; exit 2; }
done
[ "$build" != --settings ] || exit 0
kept=fuzz/corpus/ladder
seeds=$build/corpus/seeds
rm -rf "$build/corpus" && mkdir -p "$build/corpus"
"$build/tcprove" seeds "$seeds" || exit 1
"$build/tcprove" list | sed 's/ .*//; s,/,.,g' | while read -r case; do
    [ -s "$seeds/$case" ] || [ -s "$seeds/$case.ipv6" ] || echo "$case"
done >"$build/corpus/without"
if [ -s "$build/corpus/without" ]; then
    echo "fuzz: these cases give no seed: $(tr '\n' ' ' <"$build/corpus/without")" >&2
    exit 1
fi
echo "$(find "$seeds" -type f | wc -l) seeds of $("$build/tcprove" list | wc -l) cases"

from=${CORPUS_FROM:-$(find "$build"/campaigns/ladder-* -type d -name queue 2>/dev/null)}
if [ -n "$from" ]; then
    # shellcheck disable=SC2086
    "$build/tcprove" replay "$seeds" "$kept" --keep "$kept" $from || exit 1
fi
"$build/tcprove" replay "$seeds" "$kept" || exit 1

"$build/tcprove" seeds "$build/corpus/all" "$kept"/*.ladder || exit 1
command -v afl-cmin >/dev/null 2>&1 || { echo "fuzz: there is no afl-cmin here. Install it: apt-get install afl++" >&2; exit 3; }
AFL_ALLOW_TMP=1 afl-cmin -e -i "$build/corpus/all" -o "$build/corpus/least" -t 2000 -m none -- "$build/fuzz/ladder" >"$build/corpus/cmin.log" 2>&1 ||
    { tail -n 3 "$build/corpus/cmin.log" >&2; exit 3; }
echo "$(find "$kept" -type f | wc -l) ladders in $kept; $(find "$build/corpus/least" -maxdepth 1 -type f | wc -l) inputs of all reach as much code: $build/corpus/least"
