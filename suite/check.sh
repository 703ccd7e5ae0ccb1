#!/bin/sh
# Every test: the house rules of the source, the tables of cases, the libcheck suites, several at a time: on a wire nearly all of a
# test is waiting.
#   JOBS=4 LEAVE_OUT='suite suite' suite/check.sh BUILD
set -eu
build=$1
jobs=${JOBS:-4}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

suite/lint-source.sh
"$build/tcprove" lint cases/*.c
fuzz/selftest.sh

# The longest ones first, so that none of them is alone at the end.
first="broken_kernel broken lossy host lwip agent_host misled death terminal"
{
    printf '%s\n' $first
    "$build/selftest" --list | grep -vxF "$(printf '%s\n' $first)"
} | grep -vxF "$(printf '%s\n' none ${LEAVE_OUT:-})" >"$work/suites"

export TCPROVE="$build/tcprove" BUILD_UNDER_TEST="$build" WORK="$work"
# shellcheck disable=SC2016 # expanded by the shell that xargs starts
xargs -P "$jobs" -I NAME sh -c '
    began=$(date +%s)
    if "$BUILD_UNDER_TEST/selftest" NAME >"$WORK/NAME.said" 2>&1; then result=ok; else result=FAILED; touch "$WORK/failed"; fi
    printf "%-6s %4d s  %-24s %s\n" "$result" $(($(date +%s) - began)) NAME "$(grep "Checks:" "$WORK/NAME.said" | tail -n 1)"
    grep -h "skipped" "$WORK/NAME.said" || true
    if [ "$result" = FAILED ]; then cat "$WORK/NAME.said"; fi
' <"$work/suites"

awk '/Checks:/ { split($0, part, /[:,]/); sum += part[3] } END { print sum " checks" }' "$work"/*.said
[ ! -e "$work/failed" ]
