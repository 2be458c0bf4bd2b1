#!/usr/bin/env bash
# SELU against tanh, ReLU and GELU in recurrent networks, by the number of steps, on MNIST: an image's rows as 28 steps, and
# split into halves and quarters as 56 and 112 steps of the same pixels. One layer of 128 units a side, the same budget and
# seeds, each activation with its own right start (ReLU from the identity, Le et al. 2015). Adds a row a run to
# recurrent/runs.csv, and for the first seed a row a step to recurrent/steps.csv: mean and variance of the states before and
# after training. Then draws both.
#
#   samples/recurrent.sh FOLDER-WITH-MNIST [THREADS]
#
# 36 runs of ten epochs, half an hour on one core. Runs that are in recurrent/runs.csv are not made again.
set -euo pipefail
data=$(cd "${1:?name the folder with MNIST}" && pwd)
threads=${2:-0}
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

swift build -c release --product SampleCharts
results=$kept/recurrent
sets=$runs/recurrent-sets
mkdir -p "$results" "$sets"
[ -e "$results/runs.csv" ] || echo "activation,steps,seed,outcome,loss,seconds" > "$results/runs.csv"
[ -e "$results/steps.csv" ] ||
  echo "activation,steps,part,step,mean_before,variance_before,mean_after,variance_after" > "$results/steps.csv"

# The same pixels under a header that says steps x 784 / steps.
split_rows() { # STEPS
  local folder=$sets/$1 part file size
  [ ! -d "$folder" ] || return 0
  rm -rf "$folder.unfinished"
  mkdir "$folder.unfinished"
  for part in train t10k; do
    file=$(find "$data" -name "$part-images*" | head -n 1)
    [ -n "$file" ] || file=$(find "$data" -name 'test-images*' | head -n 1)
    gzip -cdf "$file" > "$folder.unfinished/plain"
    {
      head -c 8 "$folder.unfinished/plain"
      for size in "$1" "$((784 / $1))"; do printf '\0\0\0%b' "\\0$(printf %o "$size")"; done
      tail -c +17 "$folder.unfinished/plain"
    } > "$folder.unfinished/$part-images-idx3-ubyte"
  done
  rm "$folder.unfinished/plain"
  mv "$folder.unfinished" "$folder"
}

train_and_note() { # ACTIVATION STEPS SEED
  local run=$runs/recurrent set=$sets/$2 start outcome=diverged loss=
  start=$SECONDS
  rm -rf "$run"
  if selva train --data "$set" --output "$run" --network recurrent --recurrent 128 --latent 20 --activation "$1" \
    --epochs 10 --batch-size 128 --learning-rate 1e-3 --precision bfloat16 --sample-every 0 --seed "$3" \
    --threads "$threads" --quiet "${short[@]}"
  then
    outcome=finished
    loss=$(selva evaluate "$run" --data "$set" --seed 1 --threads "$threads" --json |
      sed -n 's/.*"loss" *: *\([-0-9.e]*\).*/\1/p')
    if [ "$3" = 1 ]; then
      selva inspect "$run" --activations --steps --data "$set" |
        awk -v start="$1,$2" '/^layer +step/ { steps = 1 } steps && /^(encoder|decoder)/ {
          split($1, name, "."); print start "," name[1] "," $2 "," $3 "," $4 "," $5 "," $6
        }' >> "$results/steps.csv"
    fi
  fi
  echo "$1,$2,$3,$outcome,$loss,$((SECONDS - start))" >> "$results/runs.csv"
}

seeds=(1 2 3) counts=(28 56 112) activations=(selu tanh relu gelu)
[ -z "${SAMPLES_TRIAL:-}" ] || { seeds=(1) counts=(28 56) activations=(selu relu); }
for seed in "${seeds[@]}"; do
  for steps in "${counts[@]}"; do
    split_rows "$steps"
    for activation in "${activations[@]}"; do
      grep -q "^$activation,$steps,$seed," "$results/runs.csv" || train_and_note "$activation" "$steps" "$seed"
    done
  done
done
.build/release/SampleCharts recurrent "$results" "$pictures"
