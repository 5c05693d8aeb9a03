#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Exact lists of every checkpoint of PINTLE_SHARED, at int8, and of a table of a million items made from
# GPT-2's: 10,000 real queries each; codes learnt from the model's own walks, then from interactions.
# check.sh BUILD WORK
set -eu
build=$1 work=$2
if [ -z "${PINTLE_SHARED:-}" ]; then
  echo "skipped: PINTLE_SHARED is not set"
  exit 77
fi
mkdir -p "$work"
build=$(cd "$build" && pwd) work=$(cd "$work" && pwd)
tab=$(printf '\t')
cd "$PINTLE_SHARED"
failed=0
while IFS="$tab" read -r golden weights flags; do
  name=$(basename "$golden" .json)
  log=data/ml-1m/ml-1m.txt map=-
  case $name in
    iclrec_Beauty) log=data/amazon-beauty/Beauty.txt ;;
    recbole_sasrec_ml1m_apr27) map=checkpoints/recbole-sasrec/ml-1m_sas_to_recbole_items.txt ;;
    rechorus_*) map=checkpoints/rechorus-recsae/movielens_to_ML_1MTOPK_items.txt ;;
  esac
  # The same histories with the model's ids: what --exact learns from, if it is given any.
  mapped=$log
  if [ $map != - ]; then
    mapped=$work/$name.log
    awk 'NR == FNR { id[$1] = $2; next }
         { line = $1; for (i = 2; i <= NF; i++) if ($i in id) line = line " " id[$i]
           if (line != $1) print line }' \
      $map $log >"$mapped"
  fi
  if [ ! -f "$work/$name.states" ]; then
    # shellcheck disable=SC2086  # flags are words
    "$build/converter/pintle" convert --weights "$weights" $flags --precision f32 \
      --out "$work/$name.pintle" >/dev/null
    "$build/tests/bench/pruning_harvest" "$work/$name.pintle" $log $map 10000 "$work/$name" >/dev/null
  fi
  # shellcheck disable=SC2086
  for given in "" "--interactions $mapped"; do
    "$build/converter/pintle" convert --weights "$weights" $flags --precision int8 --exact=pruned $given \
      --out "$work/$name.exact.pintle" | grep '^exact lists'
    "$build/tests/bench/pruning_check" "$work/$name.exact.pintle" "$work/$name.states" || failed=1
  done
done <golden/index.tsv
"$build/tests/bench/pruning_table" "$work/gpt2_ml1m.rows" "$work/gpt2_ml1m.states" 64 1000000 \
  "$work/million.pintle"
"$build/tests/bench/pruning_check" "$work/million.pintle" "$work/gpt2_ml1m.states" || failed=1
exit $failed
