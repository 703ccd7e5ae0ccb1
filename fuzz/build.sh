#!/bin/bash
# The fuzz targets as OSS-Fuzz builds them: its environment gives $CC, $CXX, $CFLAGS, $CXXFLAGS, $LIB_FUZZING_ENGINE, $SRC, $WORK
# and $OUT. Leaves in $OUT a program for each target, its corpus, its dictionary, and in lib/ the libraries that the programs need
# and a bare machine lacks.
set -euo pipefail
: "${CC:?} ${CXX:?} ${OUT:?}" "${LIB_FUZZING_ENGINE:?}"
cd "$(dirname "$0")/.."
work=${WORK:-$(mktemp -d)}/tcprove
jobs=$(nproc)
cflags=${CFLAGS:-} cxxflags=${CXXFLAGS:-${CFLAGS:-}}
targets='ladder frame notation results datagrams'

# Other compilers know other warnings. Every object is instrumented, as the engine's flags want it.
# shellcheck disable=SC2016,SC2046,SC2086
make -j"$jobs" BUILD="$work" WARNINGS= fuzz-libfuzzer.guide="$CC -std=c17 \$(FUZZ_CPP) -MMD -MP $cflags" \
    fuzz-libfuzzer.rest="$CC -std=c17 \$(FUZZ_CPP) -MMD -MP $cflags" \
    fuzz-libfuzzer.link="$CXX $cxxflags -Wl,--as-needed -Wl,--disable-new-dtags,-rpath,\\\$\$ORIGIN/lib" \
    FUZZ_ENGINE="$LIB_FUZZING_ENGINE" $(printf "$work/fuzz-libfuzzer/%s " $targets)

# The catalog gives the seeds of `ladder`; the program that knows it is an ordinary one.
env -u CFLAGS -u LDFLAGS make -j"$jobs" BUILD="$work/plain" CC="$CC" CFLAGS=-O1 WARNINGS= "$work/plain/tcprove"
rm -rf "$work/ladder" && mkdir -p "$work/ladder" "$OUT/lib"
"$work/plain/tcprove" seeds "$work/ladder" fuzz/corpus/ladder/*.ladder

for target in $targets; do
    cp "$work/fuzz-libfuzzer/$target" "$OUT/$target"
    if [ "$target" = ladder ]; then corpus=$work/ladder; else corpus=$PWD/fuzz/corpus/$target; fi
    (cd "$corpus" && python3 -m zipfile -c "$OUT/${target}_seed_corpus.zip" ./*)
    ldd "$OUT/$target" | awk '/=> \// && !/\/(libc|libm|libstdc\+\+|libgcc_s|libpthread|libdl|librt|libresolv)\.so/ { print $3 }'
done | sort -u | xargs -r -I{} cp -L {} "$OUT/lib/"
cp fuzz/ladder.dict "$OUT/ladder.dict"
