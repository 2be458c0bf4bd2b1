#!/usr/bin/env bash
# Trains on the digits in data/, then shows what the model learned: digits by chance, reconstructions, what each
# latent component does, and the whole plane of a model with only two.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

train_digits
selva sample "$digits" --rows 8 --columns 16 --seed 0 -o "$pictures/samples.png"
selva reconstruct "$digits" --data data --count 40 --columns 8 -o "$pictures/reconstructions.png"
selva traverse "$digits" --data data --index 18 --range 2.5 --steps 13 -o "$pictures/components.png"
cp "$digits/curves.png" "$pictures/curves.png"

train_once plane --latent 2 --epochs 150 --seed 0
selva manifold "$runs/plane" --size 20 --padding 0 -o "$pictures/plane.png"

selva evaluate "$digits" --data data
