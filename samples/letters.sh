#!/usr/bin/env bash
# The letters A to Z in a thousand typefaces, 64 x 64 in grey. Makes the set from the typefaces that Debian packages,
# trains a model that is told which letter each image shows, so that what is left for the latent vector is the typeface,
# and draws alphabets. As root, or with sudo:
#
#   apt-get install --no-install-recommends python3-numpy python3-pil $(cat samples/sets/typefaces.txt)
#   samples/letters.sh
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

images=$runs/letters-set
[ -e "$images/letters.txt" ] || /usr/bin/python3 -B samples/sets/letters.py "$images"
train_once letters --channels 16,32,64 --latent 32 --condition labels --beta 4 --batch-size 64 --clip-norm 1000 \
  --average-decay 0.99 --epochs 9 --validation-fraction 0.05 --seed 0 --sample-every 0
letters=$runs/letters

selva sample "$letters" --label 0,1,4,6,7,12,17,18 --columns 12 --temperature 0.8 --background 255 \
  -o "$pictures/letters-samples.png"
selva reconstruct "$letters" --data "$images" --count 40 --shuffle --columns 8 --background 255 \
  -o "$pictures/letters-reconstructions.png"

# A typeface's letters follow one another, so images 26 n to 26 n + 25 are those of typeface n. The mean of their latent
# vectors is the typeface; the labels write its alphabet.
selva encode "$letters" --data "$images" \
  --indices 26-51,182-207,234-259,260-285,390-415,442-467,468-493,546-571 | awk -F, '
  NR == 1 { print; next }
  {
    for (i = 1; i < NF; i++) sum[i] += $i
    if ($NF < 25) next
    for (letter = 0; letter < 26; letter++) {
      for (i = 1; i < NF; i++) printf "%.9g,", sum[i] / 26
      print letter
    }
    split("", sum)
  }' | selva decode - "$letters" --columns 26 --background 255 -o "$pictures/letters-alphabets.png"
# From a typeface to another, with the letter staying.
selva interpolate "$letters" --data "$images" --indices 390,546,266,188,251,459,330,44,480,402 --pairs \
  --steps 14 --background 255 -o "$pictures/letters-walk.png"
selva evaluate "$letters" --data "$images"
