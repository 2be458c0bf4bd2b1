import ArgumentParser
import Charts
import Files
import IDX
import Selva

/// `selva scatter`: a set of images as points of the latent space.
struct ScatterCommand: ParsableCommand, ModelAndImages {
  static let configuration = CommandConfiguration(
    commandName: "scatter",
    abstract: "Draw where a set of images lies in the latent space, coloured by label.",
    discussion: """
      Each image stands at the mean of its posterior, on the plane of the first two principal components of all means, \
      or of two latent components. A latent space of two dimensions is drawn as it is.

      Examples:
        selva scatter --data data -o scatter.png
        selva scatter runs/003 --data data --components 3,7 -o scatter.svg
        selva scatter --data data --images -o pictures.pdf
      """)

  @OptionGroup var model: ModelArgument
  @OptionGroup var images: ImageOptions

  @Option(
    help: ArgumentHelp(
      "An IDX file of labels of --data, for colours and for a model with labels; left out, the folder's.",
      valueName: "file"), completion: Offer.data)
  var labels: String?

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp(
      "A .png, .svg or .pdf file to write, or - for PNG on standard output; left out, scatter.png beside the model.",
      valueName: "file"), completion: Offer.chart)
  var output: String?

  @Option(
    help: ArgumentHelp(
      "pca, or two latent components, as 3,7 (default: pca; of a latent space of two dimensions, 0,1)",
      valueName: "pca|list"), completion: Offer.plane, transform: Plane.parse)
  var components: Plane?

  @Flag(name: .customLong("images"), help: "Draw the images themselves, as many as do not hide one another.")
  var drawsImages = false

  @Option(
    help: Numbers.images.help("Draw no more than so many images; left out, all.", "number"),
    transform: Numbers.images.parse)
  var limit: Int?

  @OptionGroup var show: ShowOption

  /// What the axes are.
  enum Plane: Equatable {
    case principal
    case components(Int, Int)

    @Sendable static func parse(_ text: String) throws -> Plane {
      if text == "pca" { return .principal }
      let values = try? NumberList.parse(text).values
      guard let values, values.count == 2, values[0] != values[1] else {
        throw ValidationError("must be pca or two different components, as 3,7")
      }
      return .components(values[0], values[1])
    }
  }

  /// The eigenvectors of more components than this take minutes.
  private static let mostComponents = 1024

  mutating func validate() throws {
    try sortPositionals()
    if let output { try PictureFile.checkChart(output) }
  }

  func run() throws {
    let (model, path) = try model.load()
    let latent = model.settings.latent
    guard latent >= 2 else { throw SelectionError.noPlane(path: path) }
    let plane = components ?? (latent == 2 ? .components(0, 1) : .principal)
    if case .components(let x, let y) = plane { try model.check(components: [x, y], path: path) }
    if plane == .principal, latent > ScatterCommand.mostComponents {
      throw SelectionError.tooManyComponents(path: path, latent: latent, limit: ScatterCommand.mostComponents)
    }
    let set = try images.load(labels: labels, for: model.settings, at: path)
    let count = min(set.count, limit ?? set.count)
    try MemoryNeed.encoding(model.settings, images: count).check()
    let means = try model.means(set, Array(0..<count))
    var chart = chart(means, latent: latent, plane)
    chart.title =
      "\(Format.grouped(count)) images in the latent space of \(ModelOrigin.run(of: path)?.path ?? path)"
    chart.subtitle = set.labels == nil ? "one point an image" : "one point an image, coloured by label"
    if let labels = set.labels?.prefix(count) {
      let known = Set(labels).sorted()
      let places = Dictionary(uniqueKeysWithValues: known.enumerated().map { ($1, $0) })
      chart.names = known.map { String($0) }
      chart.groups = labels.map { places[$0] ?? 0 }
    }
    if drawsImages {
      chart.picture = { model.picture(set.image($0)[...]) }
      chart.subtitle = "images that do not hide one another, coloured by label"
      if set.labels == nil { chart.subtitle = "images that do not hide one another" }
    }
    try show.write(
      chart, to: output, orTo: FilePath.beside(path, "scatter.png"), text: PictureText.entries(model: path),
      from: ModelOrigin.text(path))
  }

  /// - Parameter means: `[count, latent]`.
  private func chart(_ means: [Float], latent: Int, _ plane: Plane) -> ScatterChart {
    let rows = stride(from: 0, to: means.count, by: latent)
    switch plane {
    case .components(let x, let y):
      let variances = LatentMath.variances(means, latent: latent)
      func name(_ component: Int) -> String {
        "z\(component), \(share(variances[component], of: variances))"
      }
      return ScatterChart(
        title: "", xLabel: name(x), yLabel: name(y),
        points: rows.map { (Double(means[$0 + x]), Double(means[$0 + y])) })
    case .principal:
      let principal = PrincipalDirections(means, latent: latent)
      func place(_ row: Int, _ direction: Int) -> Double {
        let along = principal.directions[direction]
        var sum = 0.0
        for i in 0..<latent { sum += Double(means[row + i] - principal.mean[i]) * Double(along[i]) }
        return sum
      }
      return ScatterChart(
        title: "",
        xLabel: "first principal component, \(share(principal.variances[0], of: principal.variances))",
        yLabel: "second principal component, \(share(principal.variances[1], of: principal.variances))",
        points: rows.map { (place($0, 0), place($0, 1)) })
    }
  }

  private func share(_ part: Double, of all: [Double]) -> String {
    let sum = all.reduce(0, +)
    return "\(Format.fixed(sum > 0 ? 100 * part / sum : 0, 1)) % of the variance"
  }
}

extension LatentMath {
  /// Of each component of `values`, `[count, latent]` (divisor count).
  static func variances(_ values: [Float], latent: Int) -> [Double] {
    let middle = mean(values, latent: latent)
    var sums = [Double](repeating: 0, count: latent)
    for (position, value) in values.enumerated() {
      let difference = Double(value) - Double(middle[position % latent])
      sums[position % latent] += difference * difference
    }
    return sums.map { $0 / Double(max(1, values.count / latent)) }
  }
}
