#!/bin/sh
# The house rules that a program can check: formatting, the length of functions and files, which room includes which, words that
# promise rather than deliver, scripts. Prints what breaks a rule; status 1 if anything does.
set -u
status=0
complain() { echo "lint: $*" >&2; status=1; }

sources=$(find harness reports suite fuzz -name '*.[ch]' ! -path harness/ladder.h 2>/dev/null | sort)

# Versions differ in detail: the one of Debian 12 is the law.
if clang-format --version 2>/dev/null | grep -q 'version 14'; then
    for file in $sources; do
        clang-format --dry-run -Werror "$file" >/dev/null 2>&1 || complain "$file is not formatted: make format"
    done
fi

long=$(awk '
    FNR == 1 { start = 0 }
    /^[A-Za-z_].*\)$/ { name = $0 }
    /^\{/ { start = FNR }
    /^\}/ { if (start && FNR - start > 62) printf "%s:%d: a function of %d lines: %s\n", FILENAME, start, FNR - start, name; start = 0 }
' $sources)
[ -z "$long" ] || complain "$long"

for file in $sources; do
    lines=$(wc -l <"$file")
    [ "$lines" -le 620 ] || complain "$file has $lines lines: a file has one subject"
done

# A room includes headers only from rooms below it (design of the rooms: suite, reports, fuzz, cases, harness).
upward=$(grep -nE '#include "(suite|reports|cases|runner|catalog|options|results|lint|requirements|case_process)' -r harness cases 2>/dev/null)
[ -z "$upward" ] || complain "an include that looks upward: $upward"
beside=$(grep -LE '#include "ladder.h"' cases/*.c; grep -nE '#include' cases/*.c | grep -v '"ladder.h"')
[ -z "$beside" ] || complain "cases include ladder.h and nothing else: $beside"
peek=$(grep -nE '#include "(\.\./)?reference/' -r harness suite --include='*.[ch]' |
    grep -vE '^(harness/inprocess|harness/reference|suite/selftest|suite/bench)/')
[ -z "$peek" ] || complain "only harness/inprocess may know the reference: $peek"

words=$(grep -nE 'TODO|FIXME|\bXXX\b|HACK\b|not (yet )?implemented|for now\b' -r harness cases fuzz reports suite README.md Makefile --exclude='*.tsv' |
    grep -vE '^suite/lint-source.sh:|TAP|# TODO ')
[ -z "$words" ] || complain "words that promise rather than deliver: $words"

if command -v shellcheck >/dev/null 2>&1; then
    # shellcheck disable=SC2046
    shellcheck -x -e SC2086 suite/*.sh fuzz/*.sh $(ls .ci/run 2>/dev/null) || status=1
fi
[ "$status" -eq 0 ] && echo "lint: $(echo "$sources" | wc -l) files keep the house rules"
exit "$status"
