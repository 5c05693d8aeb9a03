#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# plain_build_test.sh WORK COMPILER [ARGUMENT ...]: what SwiftPM, Bazel or Xcode do. Every source of the
# runtime is compiled by one command line, without defines, and linked with the kernel checks, which must
# pass; nothing but their init_<isa> may be seen of kernel files. Arguments are include paths and
# options of the target. Exit code 77: no such compiler here.
set -euo pipefail
work=$1 compiler=$2
shift 2
command -v "$compiler" >/dev/null || { echo "skipped: no $compiler"; exit 77; }
launcher=()
if command -v ccache >/dev/null; then launcher=(ccache); fi
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rm -rf "$work"
mkdir -p "$work"

mapfile -t runtime < <(find runtime -name '*.cpp' | sort)
checks=(tests/kernels/*_check.cpp tests/kernels/check.cpp)
objects=()
for source in "${runtime[@]}" "${checks[@]}"; do
  [[ $source != */flags_check.cpp ]] || continue  # needs the build by flags
  object=$work/$(basename "$source").o
  [[ ! " ${objects[*]} " == *" $object "* ]] || { echo "two files are called $source"; exit 1; }
  objects+=("$object")
  printf '%s\0%s\0' "$source" "$object"
done |
  xargs -0 -n 2 -P 2 bash -c '"${@:1:$#-2}" -c "${@:$#-1:1}" -o "${@:$#}"' - \
    "${launcher[@]}" "$compiler" -std=c++17 -O1 -Wall -Wextra -Werror "$@"
"$compiler" "$@" "$work"/*.o -o "$work/kernel_check" -pthread
"$work/kernel_check"
cmake -D NM=nm "-DOBJECTS=$(printf '%s,' "$work"/*.o)" -P tests/kernels/isolation_check.cmake
