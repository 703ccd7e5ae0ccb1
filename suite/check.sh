#!/bin/sh
# Every test: the house rules of the source, the tables of cases, the libcheck suites.
set -eu
build=$1

suite/lint-source.sh
"$build/tcprove" lint cases/*.c
TCPROVE=$build/tcprove "$build/selftest"
