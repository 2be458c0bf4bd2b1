import ArgumentParser
import ImageGrid
import Selva

/// `selva manifold`: a plane of the latent space as one picture.
struct ManifoldCommand: ParsableCommand, ModelAndImages {
  static let configuration = CommandConfiguration(
    commandName: "manifold",
    abstract: "Write what a plane of the latent space decodes to, as a square grid.",
    discussion: """
      The plane runs through two components (--components) or, with --principal, through the mean of the encoded \
      images along the two directions in which they differ most. Steps are quantiles of a normal distribution, \
      so that each cell stands for an equal share of the probability. The first direction grows to the right, \
      the second upwards. Where the prior is not N(0, I), the plane is one of the space in which it is about \
      N(0, I).

      Examples:
        selva manifold -o plane.png
        selva manifold -o plane.png --components 0,3 --size 12
        selva manifold -o plane.png --principal --data data
      """)

  @OptionGroup var model: ModelArgument
  @OptionGroup var picture: PictureOptions

  private static let standardSize = 20

  @Option(
    help: Numbers.side.help("Rows and columns of the grid.", default: standardSize),
    transform: Numbers.side.parse)
  var size = ManifoldCommand.standardSize

  @Option(
    help: NumberList.help("Which two components span the plane. (default: 0,1)"),
    transform: NumberList.parse)
  var components: NumberList?

  @Flag(help: "Span the plane by the first two principal directions of the encoded images of --data.")
  var principal = false

  @OptionGroup var images: ImageOptions
  @OptionGroup var labels: LabelFileOption
  @OptionGroup var label: LabelOption
  @OptionGroup var save: SaveLatentsOption

  /// The eigenvectors of more components than this take minutes.
  private static let mostComponents = 1024

  mutating func validate() throws {
    try sortPositionals()
    try picture.checkOutput()
    if !principal, let option = images.names.first ?? labels.labels.map({ _ in "--labels" }) {
      throw ValidationError("\(option) goes with --principal.")
    }
    if principal && components != nil { throw ValidationError("Give one of --principal and --components.") }
    if let components {
      guard components.values.count == 2, components.values[0] != components.values[1] else {
        throw ValidationError("--components must name two different components, as 0,3.")
      }
    }
  }

  func run() throws {
    let (model, path) = try model.load()
    guard model.settings.latent >= 2 else { throw SelectionError.noPlane(path: path) }
    try picture.layout.check(
      cells: size * size, columns: size, of: model.settings, output: picture.path(beside: path))
    let label = try label.needed(for: model, at: path)
    let prior = model.makePrior()
    let values = prior.fromBase(try plane(model, prior, path).values)
    let labels = label.map { [Int](repeating: $0, count: size * size) }
    let note = principal ? "first and second principal direction" : "z\(axes[0]) and z\(axes[1])"
    try picture.write(
      values, labels: labels, of: model, at: path, columns: size,
      captions: GridCaptions(note: "to the right and upwards: \(note)"))
    try save.write(values, labels: labels, latent: model.settings.latent)
  }

  private var axes: [Int] { components?.values ?? [0, 1] }

  /// In the prior's base space.
  private func plane(_ model: VAE, _ prior: LatentPrior, _ path: String) throws -> LatentTable {
    let latent = model.settings.latent
    guard principal else {
      try model.check(components: axes, path: path)
      if self.components == nil && latent > 2 {
        Console.message(
          "selva: the latent space has \(latent) dimensions; showing components 0 and 1 "
            + "(choose with --components or --principal)")
      }
      return Manifold.grid(
        rows: size, columns: size, center: [Float](repeating: 0, count: latent), x: axes[0],
        y: axes[1])
    }
    guard latent <= ManifoldCommand.mostComponents else {
      throw SelectionError.tooManyComponents(
        path: path, latent: latent, limit: ManifoldCommand.mostComponents)
    }
    let images = try images.load(labels: labels.checked(for: model, at: path), for: model.settings, at: path)
    let means = try model.means(images, Array(0..<images.count))
    let directions = PrincipalDirections(prior.toBase(means), latent: latent)
    return Manifold.grid(
      rows: size, columns: size, center: directions.mean, across: directions.sigma(0), up: directions.sigma(1)
    )
  }
}
