import ArgumentParser
import Files
import IDX
import Selva

/// `selva interpolate`: the way from one latent vector to another.
struct InterpolateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "interpolate",
    abstract: "Walk from one point of the latent space to another, and write what is met on the way.",
    discussion: """
      The points are images (--indices), labels (--between-labels) or rows of a file of latent vectors \
      (--latents). Images stand at the mean of their posterior. Each row of the picture leads from one point to \
      the next and shows both.

      Examples:
        selva interpolate --data data --indices 3,17 -o walk.png
        selva interpolate --data data --indices 3,17,20,44 --pairs -o two-walks.png
        selva interpolate --data data --between-labels 3,8 --label-means -o walk.png
        selva interpolate --latents a.csv --rows 0,5,9 --closed --spherical -o tour.png
      """)

  @OptionGroup var model: ModelArgument
  @OptionGroup var picture: PictureOptions
  @OptionGroup var images: OptionalImageOptions

  @Option(
    help: NumberList.help("Images of --data to go through, by number from 0, as 3,17."),
    transform: NumberList.parse)
  var indices: NumberList?

  @Option(
    help: NumberList.help("Labels to go through, each as the first image of --data that has it."),
    transform: NumberList.parse)
  var betweenLabels: NumberList?

  @Option(
    help: ArgumentHelp(
      "An IDX file of labels of --data, for --between-labels; left out, the folder's.", valueName: "file"))
  var labels: String?

  @Flag(help: "With --between-labels: each label as the mean of all its images.")
  var labelMeans = false

  @Option(
    help: ArgumentHelp(
      "A file of latent vectors to go through (.csv or .npy), or - for CSV on standard input.",
      valueName: "file"))
  var latents: String?

  @Option(
    help: NumberList.help("Rows of --latents to go through, by number from 0; left out, all."),
    transform: NumberList.parse)
  var rows: NumberList?

  private static let standardSteps = 10

  @Option(
    help: Numbers.walk.help("Pictures from one point to the next.", default: standardSteps),
    transform: Numbers.walk.parse)
  var steps = InterpolateCommand.standardSteps

  @Flag(help: "Go along great circles instead of straight lines.")
  var spherical = false

  @Flag(exclusivity: .exclusive)
  var course: Course = .path

  @OptionGroup var save: SaveLatentsOption

  /// Which points a row of the picture leads between.
  enum Course: String, EnumerableFlag {
    case path, pairs, closed

    static func help(for value: Course) -> ArgumentHelp? {
      switch value {
      case .path: "From each point to the next."
      case .pairs: "From the first point to the second, from the third to the fourth, and so on."
      case .closed:
        "From each point to the next and back to the first; a row then leaves out its end, which the next row begins with, so that the pictures can be shown in a loop."
      }
    }
  }

  func validate() throws {
    guard [indices != nil, betweenLabels != nil, latents != nil].filter({ $0 }).count == 1 else {
      throw ValidationError("Give the points by one of --indices, --between-labels and --latents.")
    }
    if (latents == nil) != (images.data != nil) {
      throw ValidationError("--data goes with --indices and --between-labels, and they with it.")
    }
    if rows != nil && latents == nil { throw ValidationError("--rows goes with --latents.") }
    if betweenLabels == nil, let option = labelMeans ? "--label-means" : labels.map({ _ in "--labels" }) {
      throw ValidationError("\(option) goes with --between-labels.")
    }
    if let points = indices ?? betweenLabels ?? rows {
      guard points.values.count >= 2 else { throw ValidationError("Give at least 2 points, as 3,17.") }
      if course == .pairs && !points.values.count.isMultiple(of: 2) {
        throw ValidationError("--pairs needs an even number of points.")
      }
    }
  }

  func run() throws {
    let (model, path) = try model.load()
    let latent = model.settings.latent
    let values = try points(model)
    let points = stride(from: 0, to: values.count, by: latent).map { Array(values[$0..<$0 + latent]) }
    try picture.layout.check(
      cells: points.count * steps, columns: steps, of: model.settings, output: picture.output)
    let walk = walk(points)
    try picture.write(walk, of: model, at: path, columns: steps)
    try save.write(walk, latent: latent)
  }

  /// At least two points, `[count, latent]`.
  private func points(_ model: VAE) throws -> [Float] {
    if let latents { return try points(in: LatentInput(latents, latent: model.settings.latent), model) }
    let images = try images.load(labels: labels, for: model.settings)
    if let indices {
      try images.check(indices.values)
      return model.means(images, indices.values)
    }
    return try (betweenLabels?.values ?? []).flatMap { label in
      let members = try images.indices(label: label)
      guard labelMeans else { return model.means(images, [members[0]]) }
      return LatentMath.mean(model.means(images, members), latent: model.settings.latent)
    }
  }

  private func points(in input: LatentInput, _ model: VAE) throws -> [Float] {
    let latent = model.settings.latent
    let count = input.values.count / latent
    guard let rows else {
      guard count >= 2, course != .pairs || count.isMultiple(of: 2) else {
        throw SelectionError.points(path: input.name, count: count, pairs: count >= 2)
      }
      return input.values
    }
    if let index = rows.values.first(where: { $0 >= count }) {
      throw SelectionError.row(path: input.name, index: index, count: count)
    }
    return rows.values.flatMap { input.values[$0 * latent..<($0 + 1) * latent] }
  }

  /// The vectors of the picture, `steps` for each of its rows.
  private func walk(_ points: [[Float]]) -> [Float] {
    let kind: Interpolation = spherical ? .spherical : .linear
    if course == .closed {
      return kind.path(through: points, stepsPerSegment: steps, closed: true).values
    }
    let starts = stride(from: 0, to: points.count - 1, by: course == .pairs ? 2 : 1)
    return starts.flatMap { start in
      (0..<steps).flatMap { step in
        kind.point(from: points[start], to: points[start + 1], at: Double(step) / Double(steps - 1))
      }
    }
  }
}

enum LatentMath {
  /// The mean of `values`, `[count, latent]`, summed in double precision.
  static func mean(_ values: [Float], latent: Int) -> [Float] {
    var sums = [Double](repeating: 0, count: latent)
    for start in stride(from: 0, to: values.count, by: latent) {
      for i in 0..<latent { sums[i] += Double(values[start + i]) }
    }
    let count = Double(values.count / latent)
    return sums.map { Float($0 / count) }
  }
}
