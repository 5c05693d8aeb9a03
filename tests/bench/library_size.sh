#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# library_size.sh [--features]: builds the library as apps ship it, prints the stripped sizes, and
# fails if one is over its budget. What has a budget is what a phone loads, the bytes of the segments: the
# file is longer by section headers, which nothing loads, and by up to a page (16 KiB) of padding that GNU
# ld puts before the segment that is written to and lld, which NDKs link with, does not. For the same reason
# the preset has GNU ld mend Cortex-A53's erratum 843419 in place, by adr, which reaches all of a library
# below 1 MiB: its other way adds 4 KiB of stubs if one adrp happens to end a page, as any change may make it
# do; lld's adds 8 bytes. --features also prints what each part takes, from a build of its own without
# link-time optimization, which leaves no parts to tell apart.
#
# Exit status: 0, 1 over a budget, 77 if nothing with a budget could be built. The last line is
# "budgets: P passed, F failed, S skipped".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

# Loaded bytes of the shared library for arm64, see the README. Until 0.3 they were 160 and 700 KB; profiles, snapshots and
# deltas are 36 KB of new code. An app that links the archive has of them what it calls.
budget_own=204800        # 200 KB, without XNNPACK
budget_xnnpack=757760    # 740 KB, with it linked in
passed=0 failed=0 skipped=0

# build PRESET FOLDER [CMAKE ARGUMENT ...]: false if the compiler is missing.
build() {
  local preset=$1 folder=$2
  shift 2
  mkdir -p "$folder"
  cmake --preset "$preset" -B "$folder" -D PINTLE_FETCH="${PINTLE_FETCH:-OFF}" \
    -D PINTLE_WERROR=ON "$@" >"$folder/size.log" 2>&1 &&
    cmake --build "$folder" --parallel "$(nproc)" --target pintle_shared >>"$folder/size.log" 2>&1 ||
    { cat "$folder/size.log" >&2; return 1; }
}

# stripped ARCH LIBRARY: its size in bytes without symbols.
stripped() {
  local strip=strip out=$2.stripped
  if [[ $1 == aarch64 ]]; then strip=aarch64-linux-gnu-strip; fi
  "$strip" -o "$out" "$2"
  stat -c %s "$out"
}

# loaded LIBRARY: bytes of its segments in the file.
loaded() {
  local sum=0 size
  for size in $(readelf -lW "$1" | awk '$1 == "LOAD" { print $5 }'); do sum=$((sum + size)); done
  echo "$sum"
}

row() { printf '%-10s %-44s %9s %9s  %s\n' "$@"; }

# measure ARCH PRESET FOLDER WHAT BUDGET [CMAKE ARGUMENT ...]: one row; BUDGET 0: none.
measure() {
  local arch=$1 preset=$2 folder=$3 what=$4 budget=$5 size file verdict=
  shift 5
  build "$preset" "$folder" "$@"
  file=$(stripped "$arch" "$folder/runtime/libpintle.so")
  size=$(loaded "$folder/runtime/libpintle.so")
  if ((budget > 0 && size <= budget)); then
    passed=$((passed + 1)) verdict="budget $budget: passed"
  elif ((budget > 0)); then
    failed=$((failed + 1)) verdict="budget $budget: FAILED, $((size - budget)) over"
  fi
  row "$arch" "$what" "$size" "$file" "$verdict"
}

# skip ARCH WHAT WHY: a row with a budget that cannot be measured here.
skip() {
  skipped=$((skipped + 1))
  row "$1" "$2" - - "skipped: $3"
}

# The part of the library that a source file belongs to; a new file is its own until it is listed.
part_of() {
  case $1 in
    kernels_*) echo "${1/_/ }" ;;
    dispatch | cpu_features) echo 'kernels dispatch' ;;
    api*) echo 'C API' ;;
    open_model | model | read_* | table_reader | verify_contents | platform* | allocator | status)
      echo 'open and verify' ;;
    transformer | forward | linear | gemm* | tensor) echo 'network and sessions' ;;
    session | history | *_buffers) echo 'network and sessions' ;;
    catalogue | scoring | topk | recommend) echo 'catalogue and lists' ;;
    sae* | steering | knob_scores | share) echo 'features and steering' ;;
    *) echo "$1" ;;
  esac
}

# features ARCH PRESET FOLDER: code and constants by part, before the linker drops what is unused.
features() {
  local arch=$1 preset=$2 folder=$3 size=size object bytes
  if [[ $arch == aarch64 ]]; then size=aarch64-linux-gnu-size; fi
  build "$preset" "$folder" -D CMAKE_INTERPROCEDURAL_OPTIMIZATION=OFF
  find "$folder/runtime/CMakeFiles/pintle_objects.dir" -name '*.o' | sort | while read -r object; do
    bytes=$("$size" "$object" | awk 'NR == 2 { print $1 + $2 }')
    printf '%s\t%s\n' "$(part_of "$(basename "$object" .cpp.o)")" "$bytes"
  done | awk -F '\t' '{ sum[$1] += $2 } END { for (p in sum) print sum[p] "\t" p }' | sort -rn |
    while IFS=$'\t' read -r bytes object; do row "$arch" "  $object" "$bytes" '' ''; done
}

has_cross=false
if command -v aarch64-linux-gnu-g++ >/dev/null; then has_cross=true; fi

row arch 'stripped shared library' loaded file ''
if [[ $has_cross == true ]]; then
  measure aarch64 minsize-aarch64 build/minsize-aarch64 'minsize' "$budget_own"
  # Only where XNNPACK is to be had for the target: PINTLE_FETCH=ON, or in the cross root.
  if [[ ${PINTLE_FETCH:-OFF} == ON || -e /usr/aarch64-linux-gnu/lib/libXNNPACK.a ]]; then
    measure aarch64 minsize-aarch64 build/minsize-aarch64-xnnpack 'minsize, XNNPACK in it' \
      "$budget_xnnpack" -D PINTLE_WITH_XNNPACK=ON
  else
    skip aarch64 'minsize, XNNPACK in it' 'no static XNNPACK for it here (PINTLE_FETCH=ON gets one)'
  fi
else
  skip aarch64 'minsize' 'no aarch64-linux-gnu-g++'
  skip aarch64 'minsize, XNNPACK in it' 'no aarch64-linux-gnu-g++'
fi
measure x86_64 minsize build/minsize 'minsize' 0
if [[ ${1:-} == --features ]]; then
  measure x86_64 minsize build/minsize-xnnpack 'minsize, the system'\''s XNNPACK beside it' 0 \
    -D PINTLE_WITH_XNNPACK=ON
  echo
  row arch 'part (not link-time optimized)' bytes '' ''
  if [[ $has_cross == true ]]; then features aarch64 minsize-aarch64 build/parts-aarch64; fi
  features x86_64 minsize build/parts-x86_64
  echo
fi
echo "budgets: $passed passed, $failed failed, $skipped skipped"
if ((failed > 0)); then exit 1; fi
if ((passed == 0)); then exit 77; fi
