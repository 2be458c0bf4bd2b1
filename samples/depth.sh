#!/usr/bin/env bash
# SELU against other activations, by depth, on MNIST: the same sizes, budget and seeds, each activation with its own
# right initialization. Adds a row a run to depth/runs.csv, and for the first seed a row a hidden layer to
# depth/layers.csv: mean and variance of what it puts out, before and after training. Then draws both.
#
#   samples/depth.sh FOLDER-WITH-MNIST [THREADS]
#
# 96 runs of ten epochs, under half an hour on two cores. Runs that are in depth/runs.csv are not made again.
set -euo pipefail
data=$(cd "${1:?name the folder with MNIST}" && pwd)
threads=${2:-0}
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

swift build -c release --product SampleCharts
results=$kept/depth
mkdir -p "$results"
[ -e "$results/runs.csv" ] || echo "activation,layers,seed,outcome,loss,seconds" > "$results/runs.csv"
[ -e "$results/layers.csv" ] ||
  echo "activation,layers,part,layer,mean_before,variance_before,mean_after,variance_after" > "$results/layers.csv"

train_and_note() { # ACTIVATION LAYERS SEED
  local run=$runs/depth widths start outcome=diverged loss=
  widths=$(seq -s, "$2" | sed 's/[0-9]\+/128/g')
  start=$SECONDS
  rm -rf "$run"
  if selva train --data "$data" --output "$run" --hidden "$widths" --latent 20 --activation "$1" --epochs 10 \
    --batch-size 128 --learning-rate 1e-3 --precision bfloat16 --sample-every 0 --seed "$3" --threads "$threads" --quiet \
    "${short[@]}"
  then
    outcome=finished
    loss=$(selva evaluate "$run" --data "$data" --seed 1 --threads "$threads" --json |
      sed -n 's/.*"loss" *: *\([-0-9.e]*\).*/\1/p')
    if [ "$3" = 1 ]; then
      selva inspect "$run" --activations --data "$data" |
        awk -v start="$1,$2" '/^(encoder|decoder)/ {
          split($1, name, "."); print start "," name[1] "," name[3] + 1 "," $3 "," $4 "," $5 "," $6
        }' >> "$results/layers.csv"
    fi
  fi
  echo "$1,$2,$3,$outcome,$loss,$((SECONDS - start))" >> "$results/runs.csv"
}

seeds=(1 2 3) depths=(2 4 8 16)
[ -z "${SAMPLES_TRIAL:-}" ] || { seeds=(1) depths=(2); }
for seed in "${seeds[@]}"; do
  for layers in "${depths[@]}"; do
    for activation in selu relu leaky-relu elu gelu silu tanh short-selu; do
      grep -q "^$activation,$layers,$seed," "$results/runs.csv" || train_and_note "$activation" "$layers" "$seed"
    done
  done
done
.build/release/SampleCharts depth "$results" "$pictures"
