#!/bin/sh
# Plays the catalog on the built-in TCP and on this machine's kernel, and ends with both summaries. Findings are the point of a
# demonstration, so a violation is no failure of this script; a run that could not be made is told, and is one.
set -u
build=$1
out=$build/demo
status=0

rm -rf "$out"
mkdir -p "$out"
for target in reference linux; do
    echo "== tcprove run $target"
    "$build/tcprove" run "$target" -o "$out/$target"
    code=$?
    case $code in
    0 | 1) ;;
    3) [ "$target" = linux ] && echo "This machine's kernel was not judged, for the reason above; the built-in TCP was." ;;
    *) status=$code ;;
    esac
    echo
done
echo "Results:"
for target in reference linux; do
    [ -f "$out/$target/results.json" ] && echo "  $out/$target/results.json"
done
echo "Next:  $build/tcprove list    $build/tcprove explain fin/half-close    $build/tcprove --help"
exit "$status"
