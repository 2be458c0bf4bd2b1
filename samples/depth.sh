#!/usr/bin/env bash
# SELU against other activations, by depth: the same sizes, budget and seeds, each activation with its own right
# initialization. Writes depth.csv (one row a run) beside this script and draws pictures/depth.png from it.
#
#   samples/depth.sh FOLDER-WITH-MNIST [threads]
#
# 96 runs of ten epochs. Runs that are in depth.csv already are not made again.
set -euo pipefail
data=$(cd "${1:?name the folder with MNIST}" && pwd)
threads=${2:-0}
cd "$(dirname "${BASH_SOURCE[0]}")/.."
swift build -c release
selva=.build/release/selva
results=samples/depth.csv
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -e "$results" ] || echo "activation,layers,seed,outcome,loss,seconds" > "$results"

for seed in 1 2 3; do
  for layers in 2 4 8 16; do
    widths=$(seq -s, "$layers" | sed 's/[0-9]\+/128/g')
    for activation in selu relu leaky-relu elu gelu silu tanh short-selu; do
      grep -q "^$activation,$layers,$seed," "$results" && continue
      rm -rf "$work/run"
      start=$(date +%s)
      if "$selva" train --data "$data" --output "$work/run" --hidden "$widths" --latent 20 --epochs 10 \
        --activation "$activation" --learning-rate 1e-3 --warmup-epochs 1 --batch-size 128 --sample-every 0 \
        --seed "$seed" --threads "$threads" --quiet; then
        outcome=finished
        loss=$("$selva" evaluate "$work/run" --data "$data" --seed 1 --threads "$threads" --json \
          | sed 's/.*"loss":\([-0-9.e]*\).*/\1/')
      else
        outcome=diverged
        loss=
      fi
      echo "$activation,$layers,$seed,$outcome,$loss,$(($(date +%s) - start))" >> "$results"
    done
  done
done
"$(dirname "$selva")/DepthChart" "$results" samples/pictures/depth.png
