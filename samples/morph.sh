#!/usr/bin/env bash
# Morphs one digit into another by walking from one latent vector to the other: five pairs, then a tour of all ten
# digits that ends where it began.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

train_digits

# The classes of data/ take turns, so test image 13 is a 3, image 18 an 8, and so on.
selva interpolate "$digits" --data data --indices 13,18,15,16,10,12,17,19,24,11 --pairs --steps 14 --spherical \
  -o "$pictures/pairs.png"

# --closed leaves out the end of each row, which the next one begins with: 100 pictures that can run in a loop.
selva interpolate "$digits" --data data --between-labels 0,1,2,3,4,5,6,7,8,9 --label-means --closed --steps 10 \
  --save-latents "$runs/tour.csv" -o "$pictures/tour.png"
selva decode "$runs/tour.csv" "$digits" --separate "$runs/tour"
echo "The frames of the tour: $runs/tour/0000.png to 0099.png"
