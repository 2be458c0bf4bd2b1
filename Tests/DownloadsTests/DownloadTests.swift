import Archives
import Files
import Foundation
import IDX
import Pictures
import TestServer
import Testing

@testable import Downloads

/// Sets fetched from a server that does what servers do.
@Suite final class DownloadTests {
  /// Two images of 2 x 3 pixels, plain: 16 + 12 bytes.
  private static let images: [UInt8] =
    [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3] + (1...12).map { UInt8($0) }
  private static let labels: [UInt8] = [0, 0, 8, 1, 0, 0, 0, 2, 7, 9]

  private let folder: String

  init() throws {
    folder = NSTemporaryDirectory() + "/selva downloads \(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  private func set(
    _ url: String, more mirrors: [String] = [], installed: String? = nil, names: [String] = []
  ) -> PublicSet {
    // By sha256sum.
    PublicSet(
      name: "small", summary: "",
      files: [
        .init(
          "train-images-idx3-ubyte", 28, "f7169b91c01c82a1c0c44aee0f6db5b5a609be8d0ba16e2ded674fe748c45dfe"),
        .init(
          "train-labels-idx1-ubyte", 10, "6b413bc4e4b437a09780b06c8c43c748d2546f2be2f36913c8dfdb95fac3a083"),
      ],
      mirrors: [url] + mirrors, installed: installed, labels: names)
  }

  /// What `answer` gives for images; labels are always right.
  private func server(
    _ answer: @escaping @Sendable (Server.Request, Int) -> Server.Answer
  ) throws -> Server {
    try Server { request, number in
      switch request.path {
      case "/train-images-idx3-ubyte": answer(request, number)
      case "/train-labels-idx1-ubyte": .file(Self.labels, request)
      default: .missing
      }
    }
  }

  private func honest() throws -> Server { try server { request, _ in .file(Self.images, request) } }

  private final class Heard { var notes: [String] = [], counts: [Int] = [] }

  private func download(_ set: PublicSet, mirrors: [String] = [], heard: Heard = Heard()) -> SetDownload {
    var download = SetDownload(
      set, to: "\(folder)/set/", mirrors: mirrors, goesOn: { true },
      tell: { event in
        switch event {
        case .note(let text): heard.notes.append(text)
        case .receiving(_, let count, _): heard.counts.append(count)
        }
      })
    download.patience = .init(connecting: 5, stalled: 1)
    download.pause = 0.01
    return download
  }

  private func there(_ name: String = "") -> [String] {
    ((try? FileManager.default.subpathsOfDirectory(atPath: "\(folder)/\(name)")) ?? []).sorted()
  }

  private func isWhole() -> Bool {
    bytes("set/train-images-idx3-ubyte") == Self.images && bytes("set/train-labels-idx1-ubyte") == Self.labels
      && there().allSatisfy { $0.hasPrefix("set") }
  }

  private func bytes(_ name: String) -> [UInt8] {
    FileManager.default.contents(atPath: "\(folder)/\(name)").map([UInt8].init) ?? []
  }

  private func write(_ bytes: [UInt8], _ name: String) throws {
    let url = URL(fileURLWithPath: "\(folder)/\(name)")
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func fault(_ download: SetDownload) -> String {
    do { try download.run(replaces: false) } catch { return "\(error)" }
    return "none"
  }

  @Test func aSetIsFetched() throws {
    let server = try honest()
    defer { server.close() }
    let download = download(set(server.url, names: ["a", "b"]))
    #expect(try !download.isThere())
    try download.run(replaces: false)
    #expect(isWhole())
    #expect(there("set") == ["labels.txt", "train-images-idx3-ubyte", "train-labels-idx1-ubyte"])
    #expect(bytes("set/labels.txt") == Array("0\ta\n1\tb\n".utf8))
    #expect(server.asked.map(\.path) == ["/train-images-idx3-ubyte", "/train-labels-idx1-ubyte"])
    #expect(try download.isThere())
    try write([1], "set/train-labels-idx1-ubyte")
    #expect(try !download.isThere())
  }

  @Test func aFolderThatHoldsFilesIsReplacedOnlyWhereThatIsWanted() throws {
    let server = try honest()
    defer { server.close() }
    try write([1], "set/train-images-idx3-ubyte.gz")
    try write([2], "set/mine.txt")
    let download = download(set(server.url))
    #expect(fault(download).contains("already holds files"))
    #expect(server.asked.isEmpty && bytes("set/train-images-idx3-ubyte.gz") == [1])
    try download.run(replaces: true)
    #expect(isWhole())
    #expect(there("set") == ["mine.txt", "train-images-idx3-ubyte", "train-labels-idx1-ubyte"])
  }

  /// Three connections that end in the middle, each of which brought something.
  @Test func aBrokenConnectionIsTakenUp() throws {
    let server = try server { request, number in
      var answer = Server.Answer.file(Self.images, request)
      if number < 3 { answer.cut = 5 }
      return answer
    }
    defer { server.close() }
    let heard = Heard()
    try download(set(server.url), heard: heard).run(replaces: false)
    #expect(isWhole())
    #expect(server.asked.map(\.start) == [0, 5, 10, 15, 0])
    #expect(heard.notes.count == 3 && heard.notes[0].contains("the connection broke off at 5 bytes"))
    #expect(heard.counts.allSatisfy { $0 <= 28 } && heard.counts.contains(28))
  }

  /// In a second; the limit is against hanging, on machines that have other things to do and under sanitizers.
  @Test(.timeLimit(.minutes(10))) func aServerThatStallsIsLeft() throws {
    let stalled = try server { request, _ in
      var answer = Server.Answer.file(Self.images, request)
      (answer.cut, answer.stalls) = (7, true)
      if request.start > 0 { answer.cut = 0 }
      return answer
    }
    let other = try honest()
    defer {
      stalled.close()
      other.close()
    }
    let heard = Heard()
    try download(set(stalled.url, more: [other.url]), heard: heard).run(replaces: false)
    #expect(isWhole())
    #expect(heard.notes.contains { $0.contains("the server says nothing any more") })
    // The other goes on where the first one left off.
    #expect(other.asked.map(\.start) == [7, 0])
  }

  /// What a mirror can give in place of the file, and what is said of it.
  struct Lie: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let answer: Server.Answer
    let said: String

    static let all = [
      Lie(testDescription: "404", answer: .missing, said: "there is no such file (404)"),
      Lie(testDescription: "403", answer: .init(status: "403 Forbidden"), said: "does not give it out (403)"),
      Lie(testDescription: "500", answer: .init(status: "500 Oh"), said: "the server fails (500)"),
      Lie(
        testDescription: "a web page",
        answer: .init(body: Array("<!DOCTYPE html><html>".utf8)), said: "gives a web page instead"),
      Lie(
        testDescription: "another file", answer: .init(body: images.map { 255 - $0 }),
        said: "gives another file: its SHA-256 is not the known one"),
      Lie(
        testDescription: "a longer file", answer: .init(body: images + [1]),
        said: "gives more bytes than the file has"),
      Lie(
        testDescription: "a shorter file", answer: .init(body: images.dropLast()),
        said: "gives another file: its SHA-256 is not the known one"),
      Lie(testDescription: "nothing", answer: .init(length: 28, cut: 0), said: "the connection broke off"),
      Lie(
        testDescription: "a file of the machine",
        answer: .init(status: "302 Found", location: "file:///etc/passwd"),
        said: "leads to no address that begins with https:// or http://"),
    ]
  }

  @Test(arguments: Lie.all)
  func whatIsNotTheFileIsNotTaken(_ lie: Lie) throws {
    let liar = try server { _, _ in lie.answer }
    let other = try honest()
    defer {
      liar.close()
      other.close()
    }
    let text = fault(download(set(liar.url)))
    #expect(text.contains("\(liar.url): "), "\(text)")
    #expect(text.contains(lie.said) && text.contains("--mirror"), "\(text)")
    #expect(there() == [] && !text.contains("\n"))

    let heard = Heard()
    try download(set(liar.url, more: [other.url]), heard: heard).run(replaces: false)
    #expect(isWhole())
    #expect(heard.notes.count == 1 && heard.notes[0].contains(lie.said), "\(heard.notes)")
  }

  /// A rest that is no longer than the file, but too long for what has come before.
  @Test func aRestThatIsTooLongIsNotTaken() throws {
    let server = try server { request, number in
      if number == 0 { return .init(body: Self.images, cut: 5) }
      return .init(status: "206 Partial Content", body: Self.images[5...] + [1], start: 5)
    }
    defer { server.close() }
    #expect(fault(download(set(server.url))).contains("gives more bytes than the file has"))
    #expect(server.asked.map(\.start).prefix(2) == [0, 5])
    #expect(there() == [])
  }

  @Test func redirectionsAreFollowed() throws {
    let other = try honest()
    let otherURL = other.url
    let server = try Server { request, _ in .init(status: "302 Found", location: otherURL + request.path) }
    defer {
      server.close()
      other.close()
    }
    try download(set(server.url)).run(replaces: false)
    #expect(isWhole())
  }

  @Test func mirrorsOfTheUserComeFirst() throws {
    let (known, mine) = (try honest(), try honest())
    defer {
      known.close()
      mine.close()
    }
    try download(set(known.url), mirrors: ["\(mine.url)/"]).run(replaces: false)
    #expect(isWhole() && known.asked.isEmpty && mine.asked.count == 2)
  }

  /// What an earlier download left, and the byte from which the next one asks on.
  struct Rest: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let bytes: [UInt8]
    let asked: [Int]

    static let all = [
      Rest(testDescription: "a beginning", bytes: Array(images[..<20]), asked: [20]),
      Rest(
        testDescription: "another file's beginning", bytes: [UInt8](repeating: 3, count: 20), asked: [20, 0]),
      Rest(testDescription: "the whole", bytes: images, asked: []),
      Rest(testDescription: "another file, as long", bytes: [UInt8](repeating: 3, count: 28), asked: [0]),
      Rest(testDescription: "another file, longer", bytes: images + [1], asked: [0]),
      Rest(testDescription: "nothing", bytes: [], asked: [0]),
    ]
  }

  @Test(arguments: Rest.all)
  func theNextDownloadGoesOn(_ rest: Rest) throws {
    let server = try honest()
    defer { server.close() }
    try write(rest.bytes, ".set.download/train-images-idx3-ubyte")
    try download(set(server.url)).run(replaces: false)
    #expect(isWhole())
    #expect(server.asked.filter { $0.path.contains("images") }.map(\.start) == rest.asked)
  }

  @Test(arguments: [false, true]) func aServerWithoutRangesBeginsAgain(refuses: Bool) throws {
    let server = try server { request, _ in
      refuses && request.start > 0 ? .init(status: "416 Range Not Satisfiable") : .init(body: Self.images)
    }
    defer { server.close() }
    try write(Array(Self.images[..<9]), ".set.download/train-images-idx3-ubyte")
    try download(set(server.url)).run(replaces: false)
    #expect(isWhole())
  }

  @Test func stoppingKeepsWhatHasCome() throws {
    let server = try server { request, _ in
      var answer = Server.Answer.file(Self.images, request)
      if request.start == 0 { (answer.cut, answer.stalls) = (11, true) }
      return answer
    }
    defer { server.close() }
    var heard = 0
    let stopped = SetDownload(
      set(server.url), to: "\(folder)/set", goesOn: { heard < 11 },
      tell: { event in
        if case .receiving(_, let count, _) = event { heard = max(heard, count) }
      })
    #expect(throws: DownloadStopped()) { try stopped.run(replaces: false) }
    #expect(there() == [".set.download", ".set.download/train-images-idx3-ubyte"])
    try download(set(server.url)).run(replaces: false)
    #expect(isWhole() && server.asked.map(\.start) == [0, 11, 0])
  }

  @Test func onlyOneDownloadsIntoAFolder() throws {
    let server = try honest()
    defer { server.close() }
    try write([1], ".set.download/other")
    let lock = try FolderLock("\(folder)/.set.download")
    #expect(fault(download(set(server.url))).contains("is being downloaded into by process \(getpid())"))
    withExtendedLifetime(lock) {}
  }

  @Test func anInstalledPackageIsTaken() throws {
    let server = try honest()
    defer { server.close() }
    try write(Self.images, "installed/train-images-idx3-ubyte")
    try write([1, 2, 3], "installed/train-labels-idx1-ubyte")
    try download(set(server.url, installed: "\(folder)/installed")).run(replaces: false)
    // The labels there are others.
    #expect(server.asked.map(\.path) == ["/train-labels-idx1-ubyte"])
    #expect(bytes("set/train-images-idx3-ubyte") == Self.images)
  }

  @Test func aListOfChecksumsIsASet() throws {
    let list =
      "f7169b91c01c82a1c0c44aee0f6db5b5a609be8d0ba16e2ded674fe748c45dfe  train-images-idx3-ubyte\n6b413bc4e4b437a09780b06c8c43c748d2546f2be2f36913c8dfdb95fac3a083 *train-labels-idx1-ubyte\n"
    let server = try Server { request, _ in
      switch request.path {
      case "/some/leaves/SHA256SUMS": .file(Array(list.utf8), request)
      case "/some/leaves/train-images-idx3-ubyte": .file(Self.images, request)
      case "/some/leaves/train-labels-idx1-ubyte": .file(Self.labels, request)
      default: .missing
      }
    }
    defer { server.close() }
    let url = "\(server.url)/some/leaves/"
    let found = try SetDownload.set(at: url, to: "\(folder)/set") { true }
    #expect(found.name == "leaves" && there() == [])
    try download(found).run(replaces: false)
    #expect(isWhole())
    let missing = #expect(throws: DownloadError.self) {
      try SetDownload.set(at: "\(server.url)/other", to: "\(folder)/set") { true }
    }
    #expect(missing?.description.contains("/other/SHA256SUMS: there is no such file (404)") == true)
  }

  /// Lists that are none, or that would write elsewhere.
  @Test(arguments: [
    "", "<html>", "DIGEST  ../train-images-idx3-ubyte\n", "DIGEST  /etc/passwd\n", "DIGEST  a/b\n",
    "DIGEST  .lock\n", "DIGEST  a\nDIGEST  a\n", "DIGEST\n", "123  a\n", "LETTERS  a\n",
  ])
  func otherListsAreRefused(_ text: String) throws {
    func set(_ text: String) throws -> PublicSet {
      let list = text.replacingOccurrences(of: "DIGEST", with: String(repeating: "0", count: 64))
        .replacingOccurrences(of: "LETTERS", with: String(repeating: "z", count: 64))
      return try PublicSet(list: list, at: "https://example.org/a")
    }
    #expect(try set("DIGEST  a\n").files.map(\.name) == ["a"])
    #expect(throws: DownloadError.self) { try set(text) }
  }

  @Test func namesOfAddresses() {
    #expect(PublicSet.name(of: "https://example.org/a/leaves/") == "leaves")
    #expect(PublicSet.name(of: "https://example.org/leaves?x=1/2") == "leaves")
    #expect(PublicSet.name(of: "https://example.org") == "set")
  }

  /// A folder without images gets no name.
  @Test func whatIsNoSetIsNotPutInPlace() throws {
    let text = Array("hello".utf8)
    let server = try Server { request, _ in .file(text, request) }
    defer { server.close() }
    let other = PublicSet(
      name: "other", summary: "",
      files: [.init("readme", 5, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")],
      mirrors: [server.url])
    #expect(throws: IDXError.self) { try download(other).run(replaces: false) }
    #expect(!FileManager.default.fileExists(atPath: "\(folder)/set"))
  }

  @Test func theKnownSetsAreWellFormed() {
    #expect(Set(PublicSet.known.map(\.name)).count == 9)
    for set in PublicSet.known {
      #expect(
        set.files.allSatisfy {
          $0.sha256.count == 64 && $0.sha256.allSatisfy(\.isHexDigit) && ($0.size ?? 0) > 0
        })
      #expect(set.mirrors.allSatisfy { $0.hasPrefix("http") && !$0.hasSuffix("/") })
      #expect(set.part != nil || set.files.count == 4)
    }
  }

  /// An archive as EMNIST's: two letters lying on their side, with a mapping of labels to characters.
  @Test func emnistIsTurnedUpright() throws {
    let zip = "\(folder)/gzip.zip"
    let files: [(String, [UInt8])] = [
      ("gzip/emnist-letters-train-images-idx3-ubyte.gz", Self.images),
      ("gzip/emnist-letters-train-labels-idx1-ubyte.gz", [0, 0, 8, 1, 0, 0, 0, 2, 1, 2]),
      ("gzip/emnist-letters-test-images-idx3-ubyte.gz", Self.images),
      ("gzip/emnist-letters-test-labels-idx1-ubyte.gz", [0, 0, 8, 1, 0, 0, 0, 2, 2, 1]),
      ("gzip/emnist-digits-train-images-idx3-ubyte.gz", [1, 2, 3]),
      ("gzip/emnist-letters-mapping.txt", Array("1 65 97\n2 66 98\n".utf8)),
    ]
    try AtomicFile.write(to: zip) { file in
      let writer = try ZipWriter(zip)
      for (name, content) in files {
        try writer.add(name, byteCount: content.count, to: file) { write in
          try content.withUnsafeBytes { try write($0) }
        }
      }
      try writer.finish(to: file)
    }
    try EMNIST.write("letters", from: zip, to: "\(folder)/letters", replaces: false)
    let set = try StoredSet("\(folder)/letters")
    #expect(set.parts.map(\.part) == [.train, .test] && set.parts[0].images.labels == [1, 2])
    #expect(set.parts[1].images.labels == [2, 1])
    #expect(set.parts[0].images.shape == ImageShape(height: 3, width: 2))
    #expect(set.parts[0].images.bytes(0) == [1, 4, 2, 5, 3, 6])
    #expect(set.labelNames == LabelNames([1: "A", 2: "B"]))
    #expect(there().filter { !$0.hasPrefix("letters") } == ["gzip.zip"])
    #expect(throws: DownloadError.self) {
      try EMNIST.write("balanced", from: zip, to: "\(folder)/balanced", replaces: false)
    }
  }
}
