import ArgumentParser
import Files
import ImageGrid

/// Pictures in time in place of a sheet of them.
struct AnimationOptions: ParsableArguments {
  static let standardRate = 12.0

  @Flag(help: "Write an animated PNG, as a name that ends in .apng does too.")
  var animate = false

  @Option(
    help: Numbers.frameRate.help("Pictures a second of an animation.", default: standardRate),
    transform: Numbers.frameRate.parse)
  var fps: Double?

  func isOn(_ picture: PictureOptions) -> Bool {
    animate || (picture.output?.lowercased().hasSuffix(".apng") ?? false)
  }

  /// - Throws: `ValidationError` where an option would be passed over.
  func check(_ picture: PictureOptions) throws {
    if picture.show.isOn && isOn(picture) {
      throw ValidationError(
        "--show shows pictures that stand still; leave out --animate, or name a .png file.")
    }
    if fps != nil && !isOn(picture) {
      throw ValidationError("--fps goes with --animate, or with a name that ends in .apng.")
    }
  }

  /// Writes an animation of the pictures of the model at `model`.
  func write(
    count: Int, loops: Bool, to output: String, model: String, frame: (Int) throws -> Raster
  ) throws {
    try write(
      count: count, loops: loops, to: output, text: PictureText.entries(model: model),
      from: ModelOrigin.text(model), frame: frame)
  }

  /// Writes an animation, and says so.
  ///
  /// - Parameters:
  ///   - loops: whether the first picture follows the last; else the way leads back.
  ///   - text: what the file carries.
  ///   - origin: what it was made from.
  ///   - hold: seconds that the last picture stays longer.
  ///   - frame: as for `APNG.encode`.
  func write(
    count: Int, loops: Bool, hold: Double = 0, to output: String, text: [(key: String, value: String)],
    from origin: String, frame: (Int) throws -> Raster
  ) throws {
    let order = loops ? Array(0..<count) : APNG.thereAndBack(count)
    var size = ""
    let bytes = try APNG.encode(
      count: count, order: order, framesPerSecond: fps ?? AnimationOptions.standardRate, hold: hold,
      text: text, name: PictureFile.name(output)
    ) { index in
      let raster = try frame(index)
      size = "\(raster.width) x \(raster.height)"
      return raster
    }
    try PictureFile.write(bytes, to: output, "\(size), \(order.count) frames", from: origin)
  }
}
