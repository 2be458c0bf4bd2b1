import ArgumentParser
import Files
import IDX
import ImageGrid
import Selva

/// `selva interpolate`: the way from one latent vector to another.
struct InterpolateCommand: ParsableCommand, ModelAndImages {
  static let configuration = CommandConfiguration(
    commandName: "interpolate",
    abstract: "Walk from one point of the latent space to another, and write what is met on the way.",
    discussion: """
      The points are images (--indices), labels (--between-labels) or rows of a file of latent vectors \
      (--latents). Images stand at the mean of their posterior. Each row of the picture leads from one point to \
      the next and shows both. With a model with labels, each point has that of its image or of its row, and half \
      way the label changes to that of the next point; --label fixes one. Great circles (--spherical) run in the \
      space in which the prior is about N(0, I), straight lines in the latent space. As an animation, one picture goes \
      all the way and back, or round; --pairs go side by side.

      Examples:
        selva interpolate --data data --indices 3,17 -o walk.png
        selva interpolate --data data --indices 3,17,20,44 --pairs -o two-walks.png
        selva interpolate --data data --between-labels 3,8 --label-means -o walk.png
        selva interpolate --latents a.csv --rows 0,5,9 --closed --spherical
        selva interpolate runs/labels --indices 3,17 --label 7 -o sevens.png
        selva interpolate --between-labels 0,1,2 --closed --spherical -o morph.apng
      """)

  @OptionGroup var model: ModelArgument
  @OptionGroup var picture: PictureOptions
  @OptionGroup var animation: AnimationOptions
  @OptionGroup var images: ImageOptions

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
      "An IDX file of labels of --data, for --between-labels and for a model with labels; left out, the folder's.",
      valueName: "file"), completion: Offer.data)
  var labels: String?

  @Flag(help: "With --between-labels: each label as the mean of all its images.")
  var labelMeans = false

  @Option(
    help: ArgumentHelp(
      "A file of latent vectors to go through (.csv or .npy), or - for CSV on standard input.",
      valueName: "file"), completion: Offer.latents)
  var latents: String?

  @Option(
    help: NumberList.help("Rows of --latents to go through, by number from 0; left out, all."),
    transform: NumberList.parse)
  var rows: NumberList?

  private static let standardSteps = (still: 10, moving: 24)

  @Option(
    help: Numbers.walk.help(
      "Pictures from one point to the next.",
      default: "\(standardSteps.still); of an animation, \(standardSteps.moving)"),
    transform: Numbers.walk.parse)
  var steps: Int?

  private var stepCount: Int {
    steps
      ?? (animation.isOn(picture)
        ? InterpolateCommand.standardSteps.moving : InterpolateCommand.standardSteps.still)
  }

  @Flag(help: "Go along great circles instead of straight lines.")
  var spherical = false

  @OptionGroup var label: LabelOption

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

  mutating func validate() throws {
    try sortPositionals()
    try picture.checkOutput(mayMove: true)
    try animation.check(picture)
    guard [indices != nil, betweenLabels != nil, latents != nil].filter({ $0 }).count == 1 else {
      throw ValidationError("Give the points by one of --indices, --between-labels and --latents.")
    }
    if latents != nil, let option = images.names.first {
      throw ValidationError("\(option) goes with --indices and --between-labels.")
    }
    if rows != nil && latents == nil { throw ValidationError("--rows goes with --latents.") }
    if betweenLabels == nil && labelMeans {
      throw ValidationError("--label-means goes with --between-labels.")
    }
    if latents != nil && labels != nil { throw ValidationError("--labels goes with --data.") }
    if let points = indices ?? betweenLabels ?? rows {
      guard points.values.count >= 2 else { throw ValidationError("Give at least 2 points, as 3,17.") }
      if course == .pairs && !points.values.count.isMultiple(of: 2) {
        throw ValidationError("--pairs needs an even number of points.")
      }
    }
  }

  func run() throws {
    let (model, path) = try model.load()
    if labels != nil && betweenLabels == nil && model.settings.labels.isEmpty {
      throw ValidationError("--labels goes with --between-labels, or with a model with labels.")
    }
    let label = try label.checked(for: model, at: path)
    var points = try points(model, path, label: label)
    if let label, points.labels != nil { points.labels = [Int](repeating: label, count: points.values.count) }
    try picture.layout.check(
      cells: points.values.count * stepCount, columns: stepCount, of: model.settings,
      output: picture.path(beside: path))
    let (walk, labels) = walk(points, model.makePrior())
    if animation.isOn(picture) {
      try animate(walk, labels, model, path)
    } else {
      try picture.write(
        walk, labels: labels, of: model, at: path, columns: stepCount, captions: captions(points))
    }
    try save.write(walk, labels: labels, latent: model.settings.latent)
  }

  /// At least two points.
  private struct Points {
    let values: [[Float]]
    /// One a point; nil where the model has none.
    var labels: [Int]?
    /// What a person calls them, one a point.
    let names: [String]

    /// - Parameter values: `[count, latent]`.
    init(_ values: [Float], latent: Int, labels: [Int]?, names: [Int]) {
      self.values = Points.rows(values, latent)
      self.labels = labels
      self.names = names.map { String($0) }
    }

    static func rows(_ values: [Float], _ latent: Int) -> [[Float]] {
      stride(from: 0, to: values.count, by: latent).map { Array(values[$0..<$0 + latent]) }
    }
  }

  private func points(_ model: VAE, _ path: String, label: Int?) throws -> Points {
    let latent = model.settings.latent
    if let latents {
      let input = try LatentInput(latents, for: model, label: label)
      let rows = try rows(of: input)
      return Points(
        rows.flatMap { input.part($0..<$0 + 1).latents }, latent: latent,
        labels: input.labels.map { all in rows.map { all[$0] } }, names: rows)
    }
    let images = try images.load(labels: labels, for: model.settings, at: path)
    if let indices {
      try images.check(indices.values)
      return Points(
        try model.means(images, indices.values), latent: latent,
        labels: images.labels(indices.values, for: model.settings), names: indices.values)
    }
    let chosen = betweenLabels?.values ?? []
    let means = try chosen.flatMap { label in
      let members = try images.indices(label: label)
      guard labelMeans else { return try model.means(images, [members[0]]) }
      return LatentMath.mean(try model.means(images, members), latent: latent)
    }
    return Points(means, latent: latent, labels: model.settings.labels.isEmpty ? nil : chosen, names: chosen)
  }

  private func rows(of input: LatentInput) throws -> [Int] {
    let count = input.count
    guard let rows else {
      guard count >= 2, course != .pairs || count.isMultiple(of: 2) else {
        throw SelectionError.points(path: input.name, count: count, pairs: count >= 2)
      }
      return Array(0..<count)
    }
    if let index = rows.values.first(where: { $0 >= count }) {
      throw SelectionError.row(path: input.name, index: index, count: count)
    }
    return rows.values
  }

  /// The vectors of the picture, `stepCount` for each of its rows, with their labels.
  private func walk(_ points: Points, _ prior: LatentPrior) -> (latents: [Float], labels: [Int]?) {
    let (kind, values): (Interpolation, _) = (spherical ? .spherical : .linear, points.values)
    // Circles are about the origin, and that is where the prior lies in its base space.
    let stations = spherical ? Points.rows(prior.toBase(Array(values.joined())), values[0].count) : values
    var rows: [[Float]] = []
    var sources: [(point: Int, isExact: Bool)] = []
    for start in starts(values.count) {
      let end = (start + 1) % values.count
      for step in 0..<stepCount {
        // A closed way leaves its end to the next row.
        let t = Double(step) / Double(course == .closed ? stepCount : stepCount - 1)
        rows.append(kind.point(from: stations[start], to: stations[end], at: t))
        sources.append((t < 0.5 ? start : end, t == 0 || t == 1))
      }
    }
    if spherical { rows = Points.rows(prior.fromBase(Array(rows.joined())), values[0].count) }
    // There and back is not the same to the last bit.
    for (row, source) in sources.enumerated() where source.isExact { rows[row] = values[source.point] }
    return (Array(rows.joined()), points.labels.map { labels in sources.map { labels[$0.point] } })
  }

  /// From which point to which each row goes, over the columns where they are.
  private func captions(_ points: Points) -> GridCaptions {
    let rows = starts(points.values.count).map {
      "\(points.names[$0]) → \(points.names[($0 + 1) % points.names.count])"
    }
    let between = [String](repeating: "", count: stepCount - 2)
    return GridCaptions(rows: rows, columns: ["start"] + between + [course == .closed ? "" : "end"])
  }

  /// The walk in time: along its rows one after the other; pairs side by side.
  private func animate(_ walk: [Float], _ labels: [Int]?, _ model: VAE, _ path: String) throws {
    let cells = model.pictures(walk, labels: labels)
    let rows = stride(from: 0, to: cells.count, by: stepCount).map { Array(cells[$0..<$0 + stepCount]) }
    let frames: [[Raster]] =
      switch course {
      case .pairs: (0..<stepCount).map { step in rows.map { $0[step] } }
      case .closed: cells.map { [$0] }
      // A row begins with the picture that the one before ended with.
      case .path: rows.enumerated().flatMap { $0 == 0 ? $1 : Array($1.dropFirst()) }.map { [$0] }
      }
    let columns = LayoutOptions.columns(for: frames[0].count)
    let style = picture.layout.style(cells: frames[0].count, columns: columns, of: model.settings)
    try animation.write(
      count: frames.count, loops: course == .closed, to: picture.path(beside: path), model: path
    ) { Raster.grid(frames[$0], columns: columns, style: style) }
  }

  /// The point that each row of the picture begins with.
  private func starts(_ count: Int) -> [Int] {
    switch course {
    case .path: Array(0..<count - 1)
    case .pairs: Array(stride(from: 0, to: count - 1, by: 2))
    case .closed: Array(0..<count)
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
