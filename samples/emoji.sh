#!/usr/bin/env bash
# Emoji, 64 x 64 in colour. Makes the set from the font that Debian packages, trains a convolutional model that is told
# the kind of each (face, fruit, …), and shows what it made of them. As root, or with sudo:
#
#   apt-get install fonts-noto-color-emoji unicode-data python3-pil
#   samples/emoji.sh
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

images=$runs/emoji-set
[ -e "$images/emoji.txt" ] || /usr/bin/python3 -B samples/sets/emoji.py "$images"
train_once emoji --channels 16,48,96 --latent 32 --condition labels --likelihood discretized-logistic --beta 4 \
  --batch-size 32 --learning-rate 1e-3 --clip-norm 1000 --average-decay 0.99 --epochs 60 --validation-fraction 0.05 \
  --seed 0 --sample-every 0
# Where it ended, not the best on what was held out: see README.md.
emoji=$runs/emoji/checkpoint.safetensors

selva reconstruct "$emoji" --data "$images" --count 28 --shuffle --columns 7 --background 255 \
  -o "$pictures/emoji-reconstructions.png"
# The kinds' numbers are in $images/emoji.txt: faces, hearts, people, their roles, fruit, clocks.
selva sample "$emoji" --label 0,3,12,14,29,46 --columns 7 --temperature 0.7 --background 255 \
  -o "$pictures/emoji-samples.png"
selva interpolate "$emoji" --data "$images" --indices 15,100,140,145,334,300,688,684,966,972 --pairs --steps 9 \
  --background 255 -o "$pictures/emoji-walk.png"
selva evaluate "$emoji" --data "$images"
