import ArgumentParser
import Files
import IDX
import Pictures

/// `selva data subset`: some of the images of a set.
struct SubsetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "subset",
    abstract: "Write some of the images of a set, by label, by number or by chance.",
    discussion: """
      Of a folder with training and test images both are thinned in the same way. --labels goes before --first and \
      --random, so that these count the images with such labels.

      Examples:
        selva data subset data -o few --first 100
        selva data subset data -o threes-and-eights --labels 3,8
        selva data subset data -o sample --random 500 --seed 1
      """)

  @OptionGroup var input: SetInput
  @OptionGroup var target: SetOutput

  @Option(
    help: NumberList.help("Only images with these labels, as 3,8 or 0-4."), transform: NumberList.parse)
  var labels: NumberList?

  @Option(
    help: Numbers.images.help("Only so many images of each part, the first."), transform: Numbers.images.parse
  )
  var first: Int?

  @Option(
    help: Numbers.images.help("Only so many images of each part, by chance."), transform: Numbers.images.parse
  )
  var random: Int?

  @Option(help: Numbers.seed.help("Seed of --random.", default: "0"), transform: Numbers.seed.parse)
  var seed: UInt64?

  func validate() throws {
    guard labels != nil || first != nil || random != nil else {
      throw ValidationError("Say which images, with --labels, --first or --random.")
    }
    if first != nil && random != nil { throw ValidationError("--first and --random do not go together.") }
    if seed != nil && random == nil { throw ValidationError("--seed goes with --random.") }
  }

  func run() throws {
    try target.check()
    let set = try input.load()
    let contents = try set.parts.compactMap { part in
      let indices = try chosen(part.images)
      return indices.isEmpty ? nil : part.content(indices)
    }
    guard !contents.isEmpty else {
      throw SelectionError.label(
        path: set.path, label: labels?.values.first ?? 0,
        present: Set(set.parts.flatMap { $0.images.labels ?? [] }).sorted().map(Int.init))
    }
    try SetFolder.write(contents, labelNames: set.labelNames, to: target.output, replaces: target.force)
    SetReport.tell(target.output, contents)
  }

  private func chosen(_ images: ImageSet) throws -> [Int] {
    var indices = Array(0..<images.count)
    if let labels {
      guard let known = images.labels else {
        throw PictureError(
          path: images.path, problem: "its images have no labels",
          fix: "name a file of labels with --label-file")
      }
      let wanted = Set(labels.values)
      indices = indices.filter { wanted.contains(Int(known[$0])) }
    }
    if let first { return Array(indices.prefix(first)) }
    guard let random else { return indices }
    return Split.random(random, of: indices.count, seed: seed ?? 0).map { indices[$0] }
  }
}

/// `selva data split`: a test set out of a set that has none.
struct SplitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "split",
    abstract: "Hold out a part of a set's images as its test set.",
    discussion: """
      Of each label the same part is held out, by chance.

      Examples:
        selva data split faces-images.idx -o faces --test-fraction 0.1
      """)

  @OptionGroup var input: SetInput
  @OptionGroup var target: SetOutput
  @OptionGroup var split: SplitOptions

  func validate() throws {
    if split.testFraction == nil {
      throw ValidationError("Say how large the test set is, with --test-fraction.")
    }
  }

  func run() throws {
    try target.check()
    let set = try input.load()
    guard set.parts.count == 1, let part = set.parts.first, let fraction = split.testFraction else {
      throw ValidationError("\(set.path) has test images already; say which images to split, with --part.")
    }
    let labels = part.images.labels ?? [UInt8](repeating: 0, count: part.images.count)
    let (train, test) = try Split.stratified(
      labels, fraction: fraction, seed: split.seed ?? 0, source: set.path)
    let contents = [part.content(train, as: .train), part.content(test, as: .test)]
    try SetFolder.write(contents, labelNames: set.labelNames, to: target.output, replaces: target.force)
    SetReport.tell(target.output, contents)
  }
}

/// `selva data merge`: several sets as one.
struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Write the images of several sets, one set after the other, as one.",
    discussion: """
      All images must have one size, and be all bytes or all floats. Training images are put to training images and \
      test images to test images. Labels are kept where all sets have them; where labels have names, those of the \
      same name become one.

      Examples:
        selva data merge digits letters -o both
      """)

  @Argument(
    help: ArgumentHelp("Folders of IDX files, or IDX files of images.", valueName: "set"),
    completion: Offer.data)
  var sets: [String]

  @OptionGroup var target: SetOutput

  @Option(help: ImageLayout.help)
  var layout: ImageLayout?

  func validate() throws {
    if sets.count < 2 { throw ValidationError("Name two sets or more.") }
  }

  func run() throws {
    try target.check()
    let (contents, names, unlabelled) = try MergedSet.parts(sets.map { try StoredSet($0, layout: layout) })
    try SetFolder.write(contents, labelNames: names, to: target.output, replaces: target.force)
    if let unlabelled { Console.message("selva: no labels, since \(unlabelled) has none") }
    SetReport.tell(target.output, contents)
  }
}
