#!/usr/bin/env bash
# Arithmetic with latent vectors in a shell pipe. The mean of a class is its plain form; what an image has beyond
# it is the hand that wrote it. Take away the mean of its own class and add that of another, and the same hand
# writes the other digit.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

train_digits
means=$runs/class-means.csv

# Columns z0, z1, …, label in; a row for the mean of each class, in the order of the classes, out.
selva encode "$digits" --data data --part train | awk -F, '
  NR == 1 { print; next }
  { count[$NF]++; for (i = 1; i < NF; i++) sum[$NF, i] += $i }
  END {
    for (class = 0; class <= 9; class++) {
      for (i = 1; i < NF; i++) printf "%.9g,", sum[class, i] / count[class]
      print class
    }
  }' > "$means"
selva decode "$means" "$digits" --columns 10 -o "$pictures/class-means.png"

# Each image, then the image − the mean of its class + the mean of each class.
selva encode "$digits" --data data --indices 10,11,22,13,24,15,16,17,18,26 | awk -F, '
  NR == FNR { for (i = 1; i < NF; i++) mean[$NF, i] = $i; next }
  FNR == 1 { print; next }
  {
    print
    for (class = 0; class <= 9; class++) {
      for (i = 1; i < NF; i++) printf "%.9g,", $i - mean[$NF, i] + mean[class, i]
      print class
    }
  }' "$means" - | selva decode - "$digits" --columns 11 -o "$pictures/arithmetic.png"
