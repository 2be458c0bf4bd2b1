#!/usr/bin/env bash
# Trains the models of published tables on MNIST with stochastic binarization and estimates −log p(x) of the test set
# with 5,000 importance samples an image. The last 1,000 training images or so choose the best epoch, never the
# test set. Keeps settings, metrics and figures of each run in samples/published/, not weights.
#
#   samples/published.sh FOLDER-WITH-MNIST [NAME …]        names as below; left out, all
#
# Hours on two cores. Runs whose figures are there already are not made again.
set -euo pipefail
data=$(cd "${1:?name the folder with MNIST}" && pwd)
shift
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

training=$(find "$data" -name 'train-images*' | head -n 1)
kept=samples/published
mkdir -p "$kept"
wanted=" $* "

row() {
  local name=$1
  shift
  if [[ $wanted != "  " && $wanted != *" $name "* ]] || [[ -e $kept/$name/figures.json ]]; then return; fi
  rm -rf "${runs:?}/$name"
  selva train --data "$training" --output "$runs/$name" --validation-fraction 0.0167 --binarize stochastic \
    --batch-size 100 --learning-rate 1e-3 --epsilon 3e-3 --clip-norm 200 --precision bfloat16 --sample-every 0 \
    --seed 1 "$@"
  mkdir -p "$kept/$name"
  cp "$runs/$name/metrics.csv" "$kept/$name/"
  # Where the images lay says nothing to anyone else.
  sed "s|$data|mnist|g" "$runs/$name/config.json" > "$kept/$name/config.json"
  selva evaluate "$runs/$name" --data "$data" --importance-samples 5000 --json > "$kept/$name/figures.json"
}

row vae-k1 --hidden 200,200 --latent 50 --epochs 1200
# The bounds of several samples cost several times as much an epoch, so they take up where that one ended.
further=(--start-from "$runs/vae-k1" --learning-rate 5e-4)
row vae-k5 "${further[@]}" --epochs 60 --importance-samples 5
row iwae-k5 "${further[@]}" --epochs 120 --objective iwae --importance-samples 5
fifty=(--objective iwae --importance-samples 50 --batch-size 50)
row iwae-k50-first "${further[@]}" --epochs 110 "${fifty[@]}"
row iwae-k50 --start-from "$runs/iwae-k50-first" --learning-rate 4e-4 --epochs 48 "${fifty[@]}"
row vae-2x300 --hidden 300,300 --latent 40 --epochs 1200
row vae-k1-tanh --hidden 200,200 --latent 50 --epochs 400 --activation tanh
