# shellcheck shell=bash
# What the sample scripts share; they source it. Builds Selva, and stands in the root of the repository after.

cd "$(dirname "${BASH_SOURCE[0]}")/.."
swift build -c release --product selva
PATH="$PWD/.build/release:$PATH"

# A trial of the scripts leaves the results that are kept alone: SAMPLES_TRIAL is a folder for what it makes, and
# SAMPLES_EPOCHS ends every training early.
runs=${SAMPLES_TRIAL:-runs}/samples
pictures=${SAMPLES_TRIAL:-samples}/pictures
kept=${SAMPLES_TRIAL:-samples}
short=(${SAMPLES_EPOCHS:+--epochs "$SAMPLES_EPOCHS"})
mkdir -p "$runs" "$pictures"

# What train_once trains on.
images=data

# train_once NAME [OPTION…]: trains on the images, unless an earlier sample has already.
train_once() {
  local run=$runs/$1
  shift
  if [[ ! -d $run ]]; then
    # A run that is cut short keeps this other name, so that no picture is made of half a model.
    rm -rf "$run.unfinished"
    selva train --data "$images" --output "$run.unfinished" "$@" "${short[@]}"
    mv "$run.unfinished" "$run"
  fi
}

# The model of all samples but one. Ten components suit 4,500 images: with more, each image is copied better, but
# what chance draws looks less like a digit.
digits=$runs/digits
train_digits() { train_once digits --latent 10 --seed 0; }
