#!/usr/bin/env bash
# Trains the models of published tables on MNIST with stochastic binarization and estimates −log p(x) of the test set
# with 5,000 importance samples an image. The last 1,000 training images or so choose the best epoch, never the
# test set. Keeps settings, metrics and figures of each run in samples/published/, not weights.
#
#   samples/published.sh FOLDER-WITH-MNIST [NAME …]        names as in samples/published/; left out, all
#
# Hours on two cores. Runs that are finished in runs/samples/ are not made again.
set -euo pipefail
data=$(cd "${1:?name the folder with MNIST}" && pwd)
shift
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

training=$(find "$data" -name 'train-images*' | head -n 1)
wanted=" $* "
samples=5000
[ -z "${SAMPLES_TRIAL:-}" ] || samples=10

row() { # NAME [OPTION…]
  local run=$runs/$1 kept=$kept/published/$1
  if [[ $wanted != "  " && $wanted != *" $1 "* ]] || [[ -e $run/figures.json ]]; then return; fi
  shift
  rm -rf "${run:?}"
  selva train --data "$training" --output "$run" --validation-fraction 0.0167 --binarize stochastic \
    --batch-size 100 --learning-rate 1e-3 --epsilon 3e-3 --clip-norm 200 --precision bfloat16 --sample-every 0 \
    --seed 1 "$@" "${short[@]}"
  selva evaluate "$run" --data "$data" --importance-samples "$samples" --json > "$run/figures.part"
  mkdir -p "$kept"
  cp "$run/metrics.csv" "$kept/"
  cp "$run/figures.part" "$kept/figures.json"
  # Where images and runs lay says nothing to anyone else.
  sed "s|$data|mnist|g; s|$PWD/||g" "$run/config.json" > "$kept/config.json"
  # Last, since it tells that the run is finished.
  mv "$run/figures.part" "$run/figures.json"
}

# Burda et al. 2016, one stochastic layer. The bounds of several samples cost several times as much an epoch, so they
# take up where the first row ended.
fifty=(--objective iwae --importance-samples 50 --batch-size 50)
table() { # SUFFIX [OPTION…]
  local base=vae-k1$1 suffix=$1
  shift
  row "$base" --hidden 200,200 --latent 50 --epochs 1200 "$@"
  local further=(--start-from "$runs/$base" --learning-rate 5e-4)
  row "vae-k5$suffix" "${further[@]}" --epochs 60 --importance-samples 5
  row "iwae-k5$suffix" "${further[@]}" --epochs 120 --objective iwae --importance-samples 5
  row "iwae-k50-first$suffix" "${further[@]}" --epochs 110 "${fifty[@]}"
}
table ""
row iwae-k50 --start-from "$runs/iwae-k50-first" --learning-rate 4e-4 --epochs 48 "${fifty[@]}"
table -tanh --activation tanh
table -silu --activation silu

# The sizes of the best published dense VAE with a flat prior.
large=(--hidden 300,300 --latent 40 --beta-schedule linear --beta-epochs 200)
row vae-2x300 "${large[@]}" --epochs 6000
row vae-2x300-silu "${large[@]}" --epochs 5300 --activation silu

# The same sizes with other priors. Found on held-out images: larger batches, and averages of the weights.
longer=(--batch-size 250 --precision float32 --schedule cosine --average-decay 0.9997 --weight-decay 0.01)
priors=(--hidden 300,300 --latent 40 --beta-schedule linear --beta-epochs 80 "${longer[@]}" --epochs 700)
row normal "${priors[@]}"
vamp=(--prior vamp:500 --epsilon 1e-3 --weight-decay 0 --precision bfloat16)
row vamp "${priors[@]}" "${vamp[@]}" --epochs 1000
row vamp-iwae-k5 "${longer[@]}" "${vamp[@]}" --start-from "$runs/vamp" --epochs 80 --objective iwae --importance-samples 5
row flow "${priors[@]}" --prior flow
row flow-seed2 "${priors[@]}" --prior flow --seed 2
row flow-seed3 "${priors[@]}" --prior flow --seed 3
row normal-then-flow "${longer[@]}" --start-from "$runs/normal" --prior flow --freeze encoder,decoder --epochs 200

# Convolutions, batches of 100 as in the first table.
averaged=(--schedule cosine --average-decay 0.9997 --weight-decay 0.01)
convolution=(--network convolution --hidden 256 --latent 40 --epochs 420 --beta-schedule linear --beta-epochs 40
  "${averaged[@]}")
row convolution-flow "${convolution[@]}" --channels 32,64 --prior flow:10
row convolution-3-normal "${convolution[@]}" --channels 32,64,128
row convolution-3-flow "${convolution[@]}" --channels 32,64,128 --prior flow:10
row convolution-3-iwae-k5 "${averaged[@]}" --start-from "$runs/convolution-3-flow" --epochs 50 --objective iwae \
  --importance-samples 5
