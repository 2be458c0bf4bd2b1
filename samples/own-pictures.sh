#!/usr/bin/env bash
# From a folder of pictures to a model: 2,000 PNGs of mixed sizes and kinds, of which one is broken and one a JPEG under a
# wrong name, become a set of 32 x 32, a model is trained on it, and draws: a grid, a map and an animation. Two minutes. As root, or with sudo:
#
#   apt-get install python3-pil
#   samples/own-pictures.sh
#
# PYTHON names another Python that has Pillow.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

folder=$runs/shapes-pictures
images=$runs/shapes-set
if [ ! -e "$images" ]; then
  rm -rf "$folder"
  "${PYTHON:-/usr/bin/python3}" -B samples/sets/shapes.py "$folder"
  # Says which picture it passes over: the broken one.
  selva data import "$folder" -o "$images" --size 32 --test-fraction 0.1
fi
selva inspect "$images"
train_once shapes --channels 16,32 --latent 16 --condition labels --likelihood bernoulli --batch-size 32 \
  --learning-rate 2e-3 --epochs 100 --seed 0 --sample-every 0
shapes=$runs/shapes

selva reconstruct "$shapes" --data "$images" --count 24 --shuffle --columns 6 -o "$pictures/shapes-reconstructions.png"
selva sample "$shapes" --columns 10 --temperature 0.8 -o "$pictures/shapes-samples.png"
# From shape to shape and back to the first, as an animation; and the test images where the model puts them.
selva interpolate "$shapes" --data "$images" --between-labels 0,1,2,3 --closed --spherical --steps 12 \
  -o "$pictures/shapes-walk.apng"
selva scatter "$shapes" --data "$images" --images -o "$pictures/shapes-map.png"

# The test images as pictures again, and all latent vectors for NumPy.
rm -rf "$runs/shapes-again"
selva data export "$images" --part test -o "$runs/shapes-again"
selva encode "$shapes" --data "$images" --part train -o "$runs/shapes.npz"
