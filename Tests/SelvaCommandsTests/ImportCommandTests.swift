import Archives
import Files
import Foundation
import IDX
import ImageGrid
import Pictures
import Testing

/// `selva data import`, `export`, `subset`, `split` and `merge`, as a person runs them.
@Suite struct ImportCommandTests {
  /// A folder of which `pictures` holds `cat/1.png`, `cat/2.png`, `cat/10.png`, `dog/1.png`, 6 x 4 in grey, each of the
  /// level that is given here.
  private static let levels: [(name: String, level: UInt8)] = [
    ("cat/1.png", 10), ("cat/2.png", 20), ("cat/10.png", 30), ("dog/1.png", 40),
  ]

  private func place() throws -> CommandFolder {
    let place = try CommandFolder()
    for (name, level) in Self.levels { try picture(place, "pictures/\(name)", Color(grey: level)) }
    return place
  }

  private func picture(
    _ place: CommandFolder, _ name: String, _ color: Color, width: Int = 6, height: Int = 4, channels: Int = 1
  ) throws {
    let path = place.path(name)
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try PNG.write(Raster(width: width, height: height, channels: channels, fill: color), to: path)
  }

  /// Runs a command that succeeds, with what it says.
  @discardableResult
  private func told(_ place: CommandFolder, _ line: String) throws -> String {
    let arguments = line.split(separator: " ").map { String($0) }
    let result = try Program.run(arguments, in: place.folder)
    #expect(result.status == 0 && result.output.isEmpty, "\(line): \(result.errors)")
    return result.errors
  }

  private func set(_ place: CommandFolder, _ name: String, test: Bool = false) throws -> ImageSet {
    let folder = try ImageFolder(place.path(name))
    return test
      ? try ImageSet(imagesPath: #require(folder.testImages), labelsPath: folder.testLabels)
      : try ImageSet(imagesPath: folder.trainImages, labelsPath: folder.trainLabels)
  }

  /// The level of each image's first pixel.
  private func levels(_ set: ImageSet) -> [UInt8] { (0..<set.count).map { set.bytes($0)[0] } }

  /// Names that a terminal would take for commands, in a folder, in an archive and on the command line.
  @Test func namesOfStrangersCommandNoTerminal() throws {
    let place = try CommandFolder()
    let name = "dog\u{1B}[2J\u{7}.png"
    for name in ["in/a.png", "in/\(name)"] { try picture(place, name, .white) }
    try Data("no picture".utf8).write(to: URL(fileURLWithPath: place.path("in/\(name)")))
    try AtomicFile.write(to: place.path("in.zip")) { file in
      let zip = try ZipWriter("in.zip")
      for name in ["a.png", name] {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: place.path("in/\(name)")))
        try zip.add(name, byteCount: bytes.count, to: file) { write in
          try bytes.withUnsafeBytes { try write($0) }
        }
      }
      try zip.finish(to: file)
    }
    for input in ["in", "in.zip"] {
      let errors = try told(place, "data import \(input) -o set --force")
      #expect(errors.contains("dog\u{FFFD}[2J\u{FFFD}.png: is plain text"), "\(input): \(errors)")
    }
    let missing = try Program.run(["inspect", "no\u{1B}[2J"], in: place.folder)
    #expect(missing.errors.contains("no\u{FFFD}[2J: ") && !missing.errors.contains("\u{1B}"))
  }

  @Test func aFolderBecomesASet() throws {
    let place = try place()
    let text = try told(place, "data import pictures -o set/")
    #expect(text == "wrote set/, 4 images of 4 x 6, 2 labels\n")
    let set = try set(place, "set")
    #expect(levels(set) == [10, 20, 30, 40] && set.labels == [0, 0, 0, 1])
    #expect(set.shape == ImageShape(height: 4, width: 6))
    #expect(try place.text("set/labels.txt") == "0\tcat\n1\tdog\n")
    #expect(try place.text("set/train-names.txt") == "cat/1.png\ncat/2.png\ncat/10.png\ndog/1.png\n")
    #expect(try place.contents().filter { $0.contains(".selva") } == [])
  }

  @Test func aBrokenPictureIsNamedAndPassedOver() throws {
    let place = try place()
    let whole = try place.bytes("pictures/cat/1.png")
    try Data(whole.dropLast(20)).write(to: URL(fileURLWithPath: place.path("pictures/cat/3.png")))
    try place.write("notes", "pictures/dog/notes.txt")
    let lines = try told(place, "data import pictures -o set").split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[0].hasPrefix("selva: passed over: pictures/cat/3.png: byte "))
    #expect(lines[1].hasPrefix("selva: passed over: pictures/dog/notes.txt: is plain text"))
    #expect(try levels(set(place, "set")) == [10, 20, 30, 40])
    let fault = try place.fail(65, ["data", "import", "pictures", "-o", "strict", "--strict"])
    #expect(fault.hasPrefix("selva: pictures/cat/3.png: byte "))
  }

  @Test func sizesThatDifferAreNamed() throws {
    let place = try place()
    try picture(place, "pictures/dog/2.png", .white, width: 8)
    let fault = try place.fail(65, ["data", "import", "pictures", "-o", "set"])
    #expect(fault.contains("2 sizes: 6x4 (4), 8x4 (1); say to which one all are scaled, as --size 6x4"))
    try told(place, "data import pictures -o set --size 3")
    #expect(try set(place, "set").shape == ImageShape(height: 3, width: 3))
  }

  @Test func colourIsKeptWhereThereIsAny() throws {
    let place = try place()
    try picture(place, "pictures/dog/2.png", Color(red: 250, green: 0, blue: 0), channels: 3)
    try told(place, "data import pictures -o set")
    let images = try set(place, "set")
    #expect(images.channels == 3 && Array(images.bytes(4)[..<3]) == [250, 0, 0])
    #expect(Array(images.bytes(0)[..<3]) == [10, 10, 10])
    try told(place, "data import pictures -o grey --grey")
    #expect(try levels(set(place, "grey")) == [10, 20, 30, 40, 75])
  }

  @Test func aTestPartIsHeldOut() throws {
    let place = try place()
    #expect(
      try told(place, "data import pictures -o set --test-fraction 0.34 --seed 1")
        .contains("3 and 1 test images"))
    let all = try levels(set(place, "set")) + levels(set(place, "set", test: true))
    #expect(all.sorted() == [10, 20, 30, 40])
  }

  @Test func nothingIsOverwrittenUnasked() throws {
    let place = try place()
    try told(place, "data import pictures -o set --test-fraction 0.34")
    let fault = try place.fail(73, ["data", "import", "pictures", "-o", "set"])
    #expect(fault.contains("set: already holds files; name another --output, or give --force"))
    try told(place, "data import pictures -o set --force")
    #expect(try ImageFolder(place.path("set")).testImages == nil)
    #expect(try levels(set(place, "set")) == [10, 20, 30, 40])
  }

  @Test func whatGoesOutComesInAgain() throws {
    let place = try place()
    try told(place, "data import pictures -o set --test-fraction 0.34")
    for output in ["out", "out.npz"] {
      try told(place, "data export set -o \(output)")
      try told(place, "data import \(output) -o again-\(output)")
      for name in ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte"] {
        #expect(try isSame(place.path("again-\(output)/\(name)"), place.bytes("set/\(name)")))
      }
    }
    #expect(try isSame(place.path("again-out/labels.txt"), place.bytes("set/labels.txt")))
    try told(place, "data export set --part train -o out.npy")
    try told(place, "data import out.npy -o again")
    #expect(
      isSame(place.path("again/train-images-idx3-ubyte"), try place.bytes("set/train-images-idx3-ubyte")))
  }

  @Test func partsOfSets() throws {
    let place = try place()
    try told(place, "data import pictures -o set")
    try told(place, "data subset set -o first --first 2")
    #expect(try levels(set(place, "first")) == [10, 20])
    try told(place, "data subset set -o dogs --labels 1")
    #expect(try levels(set(place, "dogs")) == [40])
    #expect(exists(place.path("dogs/labels.txt")))
    try told(place, "data subset set -o some --random 3 --seed 2")
    #expect(try set(place, "some").count == 3)
    #expect(
      try place.fail(65, ["data", "subset", "set", "-o", "none", "--labels", "7"]).contains(
        "its labels are 0, 1"))
    try told(place, "data split set -o split --test-fraction 0.34")
    #expect(try set(place, "split").count == 3)
    #expect(try set(place, "split", test: true).count == 1)
  }

  @Test func setsBecomeOne() throws {
    let place = try place()
    try told(place, "data import pictures -o set")
    try picture(place, "others/cow/1.png", Color(grey: 50))
    try picture(place, "others/dog/1.png", Color(grey: 60))
    try told(place, "data import others -o other")
    try told(place, "data merge set other -o both")
    let both = try set(place, "both")
    #expect(levels(both) == [10, 20, 30, 40, 50, 60] && both.labels == [0, 0, 0, 2, 1, 2])
    #expect(try place.text("both/labels.txt") == "0\tcat\n1\tcow\n2\tdog\n")
    try picture(place, "large/1.png", .white, width: 9)
    try told(place, "data import large -o large-set")
    let fault = try place.fail(65, ["data", "merge", "set", "large-set", "-o", "none"])
    #expect(fault.contains("large-set: its images are 4 x 9 bytes, and those of set are 4 x 6 bytes"))
  }

  @Test func tablesOfPixels() throws {
    let place = try place()
    try place.write("label,a,b,c,d\n7,0,1,2,3\n9,4,5,6,255\n", "named.csv")
    try place.write("7,0,1,2,3\n9,4,5,6,255\n", "plain.csv")
    for name in ["named", "plain"] {
      try told(place, "data import \(name).csv -o \(name)")
      let set = try set(place, name)
      #expect(set.labels == [7, 9] && set.bytes(1) == [4, 5, 6, 255] && set.height == 2)
    }
    try place.write("a,b,c,d,e,f\n0,1,2,3,4,5\n1,2,3,4,5,256\n", "wide.csv")
    let told = try told(place, "data import wide.csv -o wide --size 3x2")
    #expect(told.contains("passed over: wide.csv: line 3: column 6: '256' is no whole number from 0 to 255"))
    #expect(try set(place, "wide").width == 3)
  }

  @Test func whatIsNoSetIsNamedWithTheCommand() throws {
    let place = try place()
    try told(place, "data import pictures -o set")
    try told(place, "data export set -o a.npz")
    for (name, status, says) in [
      ("pictures", 66, "no IDX images here, but PNG pictures; make a set of them with 'selva data import "),
      ("pictures/cat/1.png", 65, "is a PNG picture; make a set of it with 'selva data import "),
      ("a.npz", 65, "is a NumPy archive (.npz); make a set of it with 'selva data import "),
    ] as [(String, Int32, String)] {
      let fault = try place.fail(status, ["train", "--data", name])
      #expect(fault.contains("/\(name): \(says)"), "\(fault)")
    }
  }

  @Test func aPipeIsASet() throws {
    let place = try place()
    try told(place, "data import pictures -o set")
    let line =
      "\"$SELVA\" data subset <(cat set/train-images-idx3-ubyte) --label-file set/train-labels-idx1-ubyte"
    let result = try Program.startShell("\(line) -o piped --labels 0", in: place.folder).wait()
    #expect(result.status == 0, "\(result.errors)")
    #expect(try levels(set(place, "piped")) == [10, 20, 30])
    let encode = "\"$SELVA\" encode model.safetensors --data <(cat data/test-images-idx3-ubyte) -o a.csv"
    #expect(try Program.startShell(encode, in: place.folder).wait().status == 0)
    try place.run(["encode", "model.safetensors", "--data", "data/test-images-idx3-ubyte", "-o", "b.csv"])
    #expect(try isSame(place.path("a.csv"), place.bytes("b.csv")))
  }

  @Test func latentsThroughAnArchive() throws {
    let place = try CommandFolder(labels: Array(0...9))
    try place.run(["encode", "model.safetensors", "--data", "data", "-o", "z.npz"])
    try place.run(["encode", "model.safetensors", "--data", "data", "-o", "z.csv"])
    for name in ["z.npz", "z.csv"] {
      try place.run(["decode", name, "model.safetensors", "-o", "\(name).npy"])
    }
    #expect(try isSame(place.path("z.npz.npy"), place.bytes("z.csv.npy")))
    try place.fail(64, ["encode", "model.safetensors", "--data", "data", "-o", "y.npz", "--log-variances"])
  }
}
