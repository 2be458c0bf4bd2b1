/// For each command its options, with two lines that leave other traces. A new option asks for a line here.
let optionCases = [
  OptionCase("sample", "MODEL -o a.png")
    .other("--output", "MODEL -o a.png", "MODEL --output b.png")
    .changes("--rows", "2").changes("--columns", "3").changes("--seed", "1").changes("--temperature", "0.5")
    .changes("--save-latents", "l.csv").labelled("--label", "-o a.png", "3,5").picture()
    .other("--plain", "LABELLED -o a.png", "LABELLED -o a.png --plain").shown(),
  OptionCase("reconstruct", "MODEL --data data -o a.png")
    .other("--output", "MODEL -d data -o a.png", "MODEL -d data --output b.png")
    .other("--data", "MODEL -d data -o a.png", "MODEL --data other.idx -o a.png")
    .channels("EITHER -o a.png")
    .labelFile("--data other.idx -o a.png").labelled("--as-label", "--data data -o a.png", "7")
    .changes("--part", "train").changes("--count", "5")
    .changes("--shuffle", "").changes("--indices", "4,2").changes("--columns", "3").changes("--sample", "")
    .changes("--seed", "5", beside: "--sample").changes("--only-reconstructions", "").picture()
    .changes("--plain", "").shown(),
  OptionCase("interpolate", "MODEL --data data --indices 3,7 -o a.png")
    .other(
      "--output", "MODEL -d data --indices 3,7 -o a.png", "MODEL -d data --indices 3,7 --output b.png"
    )
    .channels("EITHER --indices 1,2 -o a.png")
    .other("--data", "MODEL --indices 1,2 -o a.png", "MODEL --data other.idx --indices 1,2 -o a.png")
    .other(
      "--labels", "MODEL --data other.idx --between-labels 2,0 -o a.png",
      "MODEL --data other.idx --between-labels 2,0 --labels labels.idx -o a.png"
    )
    .other(
      "--indices", "MODEL --data data --indices 3,7 -o a.png", "MODEL --data data --indices 3,8 -o a.png"
    )
    .other(
      "--between-labels", "MODEL -d data --between-labels 1,2 -o a.png",
      "MODEL -d data --between-labels 1,3 -o a.png"
    )
    .other(
      "--label-means", "MODEL -d data --between-labels 1,2 -o a.png",
      "MODEL -d data --between-labels 1,2 --label-means -o a.png"
    )
    .other(
      "--latents", "MODEL --latents latents.csv -o a.png", "MODEL --latents others.csv -o a.png"
    )
    .other(
      "--rows", "MODEL --latents latents.csv -o a.png", "MODEL --latents latents.csv --rows 2,0 -o a.png"
    )
    .other(
      "--part", "MODEL -d data --indices 3,15 -o a.png",
      "MODEL -d data --indices 3,15 --part train -o a.png"
    )
    .changes("--steps", "4").changes("--spherical", "")
    .other(
      "--path", "MODEL -d data --indices 3,7,5,1 --pairs -o a.png",
      "MODEL -d data --indices 3,7,5,1 --path -o a.png"
    )
    .other(
      "--pairs", "MODEL -d data --indices 3,7,5,1 -o a.png",
      "MODEL -d data --indices 3,7,5,1 --pairs -o a.png"
    )
    .changes("--closed", "").changes("--save-latents", "l.npy")
    .labelled("--label", "--data data --indices 3,7 -o a.png", "5").picture().changes("--plain", "")
    .moving().shown(),
  OptionCase("manifold", "MODEL --size 3 -o a.png")
    .other("--output", "MODEL --size 3 -o a.png", "MODEL --size 3 --output b.png")
    .other("--size", "MODEL --size 3 -o a.png", "MODEL --size 4 -o a.png")
    .changes("--components", "2,0")
    .other(
      "--principal", "MODEL --size 3 -o a.png", "MODEL --size 3 --principal --data data -o a.png"
    )
    .other(
      "--data", "MODEL --size 3 --principal --data data -o a.png",
      "MODEL --size 3 --principal --data other.idx -o a.png"
    )
    .changes("--part", "train", beside: "--principal --data data").channels("EITHER --principal -o a.png")
    .labelFile("--size 3 --principal --data other.idx --label 3 -o a.png")
    .other("--label", "LABELLED --size 3 --label 3 -o a.png", "LABELLED --size 3 --label 4 -o a.png")
    .changes("--save-latents", "l.csv").picture().changes("--plain", "").shown(),
  OptionCase("traverse", "MODEL -o a.png")
    .other("--output", "MODEL -o a.png", "MODEL --output b.png")
    .changes("--components", "2,0").changes("--range", "1").changes("--steps", "3")
    .changes("--data", "data").changes("--index", "4", beside: "--data data")
    .changes("--part", "train", beside: "--data data --index 15").channels("EITHER -o a.png")
    .labelFile("--data other.idx -o a.png").labelled("--label", "--data data -o a.png", "3")
    .changes("--save-latents", "l.csv").picture().changes("--plain", "").moving()
    .other("--from-center", "run -o a.png", "run -o a.png --from-center").shown(),
  OptionCase("scatter", "MODEL --data data -o a.png")
    .other("--output", "MODEL -d data -o a.png", "MODEL -d data --output b.svg")
    .other("--data", "MODEL -d data -o a.png", "MODEL --data other.idx -o a.png")
    .channels("EITHER -o a.png").changes("--part", "train").changes("--components", "2,0")
    .other(
      "--labels", "MODEL --data other.idx -o a.png", "MODEL --data other.idx --labels labels.idx -o a.png"
    )
    .changes("--images", "").changes("--limit", "5").shown(),
  OptionCase("plot", "run -o a.png")
    .other("--output", "run -o a.png", "run --output b.pdf")
    .changes("--samples", "").changes("--fps", "9", beside: "--samples").shown(),
  OptionCase("encode", "MODEL --data data")
    .other("--data", "MODEL --data data", "MODEL --data other.idx").channels("EITHER")
    .other("--labels", "MODEL --data other.idx", "MODEL --data other.idx --labels labels.idx")
    .changes("--part", "train").changes("--output", "l.csv").changes("--log-variances", "")
    .changes("--samples", "").changes("--seed", "3", beside: "--samples").changes("--no-labels", "")
    .changes("--limit", "4").changes("--indices", "5,3"),
  OptionCase("decode", "latents.csv MODEL -o a.png")
    .other("--output", "latents.csv MODEL -o a.png", "latents.csv MODEL --output b.npy")
    .changes("--separate", "pictures").changes("--columns", "2")
    .other(
      "--label", "latents.csv LABELLED --label 3 -o a.png", "latents.csv LABELLED --label 4 -o a.png"
    ).picture().shown(),
  OptionCase("evaluate", "MODEL --data data")
    .other("--data", "MODEL --data data", "MODEL --data other.idx").channels("EITHER")
    .labelFile("--data other.idx").changes("--part", "train").changes("--binarize", "threshold")
    .changes("--importance-samples", "3").changes("--seed", "2").changes("--limit", "6").changes("--json", "")
    .changes("--worst", "3").changes("--output", "a.png", beside: "--worst 3")
    .other("--classify", "LABELLED --data data", "LABELLED --data data --classify")
    .leavesNoTrace("--precision", "a processor may have no such products; tellsWhatBFloat16Changes")
    .leavesNoTrace("--threads", "the figures are the same whatever the number of workers").shown(),
  OptionCase("inspect", "MODEL")
    .changes("--json", "").other("--contact-sheet", "data", "data --contact-sheet a.png")
    .channels("either.idx").other("--pseudo-inputs", "VAMP", "VAMP --pseudo-inputs a.png")
    .other("--activations", "MODEL", "MODEL --activations --data data")
    .other("--data", "MODEL --activations --data data", "MODEL --activations --data other.idx")
    .changes("--limit", "5", beside: "--activations --data data")
    .changes("--seed", "9", beside: "--activations --data data")
    .other("--steps", "RECURRENT --activations --data data", "RECURRENT --activations --data data --steps")
    .changes("--output", "a.png", beside: "--activations --data data").shown(),
  OptionCase("export onnx", "MODEL")
    .changes("--output", "parts").changes("--part", "prior"),
  OptionCase("data binarize", "--data other.idx -o b.idx")
    .other("--data", "--data other.idx -o b.idx", "--data images.idx -o b.idx")
    .other("--output", "--data other.idx -o b.idx", "--data other.idx --output c.idx")
    .channels("--data either.idx -o b.idx")
    .changes("--seed", "4").changes("--threshold", "").changes("--compress", ""),
  OptionCase("data import", "folder -o set")
    .other("--output", "folder -o set", "folder --output other")
    .other("--force", "folder -o kept", "folder -o kept --force")
    .changes("--size", "3x2").changes("--fit", "pad", beside: "--size 3x3").changes("--grey", "")
    .changes("--background", "white").changes("--invert", "").changes("--transpose", "")
    .other("--layout", "either.npy -o set", "either.npy -o set --layout channels-first")
    .changes("--test-fraction", "0.5").changes("--seed", "2", beside: "--test-fraction 0.5")
    .other("--strict", "folder broken.png -o set", "folder broken.png -o set --strict"),
  OptionCase("data export", "data -o out")
    .other("--output", "data -o out", "data --output other").changes("--part", "test")
    .other("--label-file", "other.idx -o out", "other.idx -o out --label-file labels.idx")
    .other("--layout", "either.idx -o out", "either.idx -o out --layout channels-first"),
  OptionCase("data subset", "data -o set --first 3")
    .other("--output", "data -o set --first 3", "data --output other --first 3")
    .other("--force", "data -o kept --first 3", "data -o kept --first 3 --force")
    .changes("--part", "test").changes("--labels", "1,2")
    .other("--first", "data -o set --labels 1", "data -o set --labels 1 --first 1")
    .other("--random", "data -o set --labels 1-9", "data -o set --labels 1-9 --random 2")
    .other("--seed", "data -o set --random 2", "data -o set --random 2 --seed 9")
    .other(
      "--label-file", "other.idx -o set --first 3", "other.idx -o set --first 3 --label-file labels.idx"
    )
    .other(
      "--layout", "either.idx -o set --first 3", "either.idx -o set --first 3 --layout channels-first"),
  OptionCase("data split", "other.idx -o set --test-fraction 0.3")
    .other(
      "--output", "other.idx -o set --test-fraction 0.3", "other.idx --output other --test-fraction 0.3"
    )
    .changes("--seed", "5")
    .other("--test-fraction", "other.idx -o set --test-fraction 0.3", "other.idx -o set --test-fraction 0.6")
    .other(
      "--force", "other.idx -o kept --test-fraction 0.3", "other.idx -o kept --test-fraction 0.3 --force"
    )
    .other(
      "--part", "data -o set --test-fraction 0.3 --part train", "data -o set --test-fraction 0.3 --part test"
    )
    .changes("--label-file", "labels.idx")
    .other(
      "--layout", "either.idx -o set --test-fraction 0.3",
      "either.idx -o set --test-fraction 0.3 --layout channels-first"),
  OptionCase("data merge", "images.idx images.idx -o set")
    .other("--output", "images.idx images.idx -o set", "images.idx images.idx --output other")
    .other("--force", "images.idx images.idx -o kept", "images.idx images.idx -o kept --force")
    .other(
      "--layout", "either.idx either.idx -o set", "either.idx either.idx -o set --layout channels-first"),
]
