import ArgumentParser
import Compute
import Files
import IDX
import Selva

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Make sets of pictures and arrays, and prepare them.",
    subcommands: [
      DownloadCommand.self, ImportCommand.self, ExportCommand.self, SubsetCommand.self, SplitCommand.self,
      MergeCommand.self,
      BinarizeCommand.self,
    ])
}

struct BinarizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "binarize",
    abstract: "Write a copy of an image file with black and white pixels only.",
    discussion: """
      Each pixel is drawn once: white with its grey value as probability. A model that is trained on such a file \
      sees the same draw in every epoch (a fixed binarization); train --binarize stochastic draws anew every time.

      Example:
        selva data binarize train-images-idx3-ubyte.gz -o train-images-idx3-ubyte
      """)

  @Argument(
    help: ArgumentHelp("The IDX file of images.", valueName: "data"), completion: Offer.data)
  var positional: String?

  @Option(
    name: [.customShort("d"), .long], help: ArgumentHelp("The same, named.", valueName: "file"),
    completion: Offer.data)
  var data: String?

  @Option(help: ImageLayout.help)
  var layout: ImageLayout?

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp(
      "The IDX file to write: bytes of 0 and 255, channels last where there are several; gzip where it ends in .gz.",
      valueName: "file"), completion: Offer.data)
  var output: String

  @Option(help: Numbers.seed.help("Seed of the draws.", default: "0"), transform: Numbers.seed.parse)
  var seed: UInt64?

  @Flag(help: "White where a pixel is above one half, instead of a draw.")
  var threshold = false

  @Flag(help: "Write gzip whatever the name.")
  var compress = false

  mutating func validate() throws {
    if let data, let positional {
      throw ValidationError("Both \(positional) and --data \(data) say which images; leave one out.")
    }
    data = data ?? positional
    if data == nil {
      throw ValidationError("Missing expected argument '<data>': name an IDX file of images.")
    }
    if threshold && seed != nil { throw ValidationError("--seed goes with draws, not with --threshold.") }
    if output == "-" { throw ValidationError("--output must name a file, which - is not.") }
  }

  func run() throws {
    guard let data else { return }
    let images = try ImageSet(imagesPath: data, layout: layout)
    let count = images.pixelCount
    let bytes = [UInt8](unsafeUninitializedCapacity: images.count * count) { bytes, initialized in
      for index in 0..<images.count {
        let pixels = binarized(images.image(index), index: index)
        for i in 0..<count { bytes.initializeElement(at: index * count + i, to: pixels[i] > 0.5 ? 255 : 0) }
      }
      initialized = images.count * count
    }
    try IDXWriter.write(
      bytes, sizes: [images.count] + images.shape.sizes, to: output,
      compressed: compress || output.hasSuffix(".gz"))
  }

  /// The draws are those of `evaluate --binarize stochastic` with the same seed, so that the two agree.
  private func binarized(_ pixels: [Float], index: Int) -> [Float] {
    guard !threshold else { return pixels }
    return [Float](unsafeUninitializedCapacity: pixels.count) { result, initialized in
      if let target = result.baseAddress {
        RandomStream(seed: seed ?? 0, .evaluationBinarization, image: index)
          .binarize(pixels, into: target, count: pixels.count)
      }
      initialized = pixels.count
    }
  }
}
