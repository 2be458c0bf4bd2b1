import ArgumentParser
import Files
import IDX
import Pictures

/// `selva data export`: a set as pictures or arrays.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a set as a folder of PNG pictures, or as NumPy arrays.",
    discussion: """
      Pictures lie in a folder for each label, below train and test where there are both; selva data import makes \
      the same set of them again, images in floats rounded to 256 levels. A .npy file holds the images of one part, \
      a .npz file images and labels, of a set with test images x_train, y_train, x_test and y_test.

      Examples:
        selva data export data -o pictures
        selva data export data --part test -o test.npy
        selva data export data -o digits.npz
      """)

  @OptionGroup var input: SetInput

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("The folder to make, or a .npy or .npz file to write.", valueName: "folder|file"),
    completion: .file(extensions: ["npy", "npz"]))
  var output: String

  func validate() throws {
    guard output != "-" && !output.isEmpty else {
      throw ValidationError("--output must name a folder or a file.")
    }
  }

  func run() throws {
    let name = output.lowercased()
    if name.hasSuffix(".npz") { return try SetExport.arrays(of: input.load(), to: output) }
    if name.hasSuffix(".npy") {
      let set = try input.load()
      guard set.parts.count == 1 else {
        throw ValidationError("A .npy file holds one part; say which with --part, or write a .npz file.")
      }
      return try SetExport.array(of: set.parts[0], to: output)
    }
    try AtomicFolder.checkFree(output)
    let set = try input.load()
    let total = set.parts.reduce(0) { $0 + $1.images.count }
    var line = ProgressLine()
    defer { line.clear() }
    try SetExport.pictures(of: set, to: output) { count in
      if count % 50 == 0 {
        line.draw(["writing pictures: \(Format.grouped(count)) of \(Format.grouped(total))", "\(count)"])
      }
    }
    line.clear()
    Console.message("wrote \(output), \(Format.grouped(total)) pictures")
  }
}
