import Foundation
import TestServer
import Testing

@testable import Downloads

/// `selva data download`, as a person runs it. Servers are in DownloadsTests; what is tried here needs none.
@Suite struct DownloadCommandTests {
  /// No address of this machine answers on this port.
  private static let nowhere = "http://127.0.0.1:9"

  @Test func withoutANameTheSetsAreListed() throws {
    let place = try CommandFolder()
    let lines = String(decoding: try place.run(["data", "download"]), as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 9)
    #expect(lines[0] == "mnist             12 MB  70,000 handwritten digits, 28 x 28 (LeCun et al. 1998)")
    #expect(lines.allSatisfy { $0.count <= 100 })
  }

  @Test(arguments: [
    Misuse(
      "data download mnst", 64, "No set is called mnst. Did you mean mnist? There are mnist, fashion-mnist"),
    Misuse("data download imagenet", 64, "No set is called imagenet. There are mnist, fashion-mnist"),
    Misuse("data download -o x", 64, "Name a set: mnist"),
    Misuse("data download --force", 64, "Name a set: mnist"),
    Misuse("data download mnist -o -", 64, "--output must name a folder"),
    Misuse("data download \(nowhere)/leaves --mirror \(nowhere)", 64, "--mirror goes with a set's name"),
    Misuse("data download ftp://127.0.0.1/leaves", 74, "begins with https:// or http://"),
    Misuse("data download \(nowhere)/leaves", 74, "\(nowhere)/leaves/SHA256SUMS: "),
    Misuse("data download mnist -o data", 73, "data: already holds files; name another --output"),
  ])
  func misuse(_ misuse: Misuse) throws { try misuse.check(in: CommandFolder().folder) }

  /// Only what is asked of a mirror can be seen without the network: that it is asked first.
  @Test func theMirrorIsAskedFirst() throws {
    let place = try CommandFolder()
    var environment = ProcessInfo.processInfo.environment
    environment["https_proxy"] = Self.nowhere
    let result = try Program.run(
      [
        "data", "download", "mnist", "--mirror", "\(Self.nowhere)/first", "--mirror",
        "\(Self.nowhere)/second",
      ],
      in: place.folder, environment: environment)
    #expect(result.status == 74)
    let lines = result.errors.split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines[0].hasPrefix("selva: train-images-idx3-ubyte.gz: \(Self.nowhere)/first: "))
    #expect(lines[1].hasPrefix("selva: train-images-idx3-ubyte.gz: \(Self.nowhere)/second: "))
    #expect(lines[3].contains("cannot be had: \(Self.nowhere)/first: "))
    #expect(!exists("\(place.folder)/mnist") && !exists("\(place.folder)/.mnist.download"))
  }

  /// A set by its list of checksums, from a server that this test runs, into the folder of its own name, then again.
  @Test func aSetOfAnotherServerIsFetched() throws {
    let place = try CommandFolder()
    let names = try FileManager.default.contentsOfDirectory(atPath: place.path("data"))
    let folder = place.path("data")
    let list = try names.map { "\(try LibCurl.sha256(of: "\(folder)/\($0)"))  \($0)\n" }.joined()
    let server = try Server { request, _ in
      let name = request.path.dropFirst("/leaves/".count)
      guard names.contains(String(name)) else {
        return name == "SHA256SUMS" ? .file(Array(list.utf8), request) : .missing
      }
      return .file(bytes("\(folder)/\(name)"), request)
    }
    defer { server.close() }
    let url = "\(server.url)/leaves"
    let first = try Program.run(["data", "download", url], in: place.folder)
    #expect(
      first.status == 0 && first.errors == "wrote leaves, 12 and 30 test images of 8 x 6\n", "\(first.errors)"
    )
    for name in names { #expect(isSame(place.path("leaves/\(name)"), bytes(place.path("data/\(name)")))) }
    let second = try Program.run(["data", "download", url], in: place.folder)
    #expect(
      second.status == 0 && second.errors == "selva: leaves is there already, whole\n", "\(second.errors)")
    try place.write("other", "leaves/\(names[0])")
    let third = try Program.run(["data", "download", url], in: place.folder)
    #expect(third.status == 73 && third.errors.contains("leaves: already holds files"))
    let fourth = try Program.run(["data", "download", url, "--force"], in: place.folder)
    #expect(fourth.status == 0)
    #expect(isSame(place.path("leaves/\(names[0])"), bytes(place.path("data/\(names[0])"))))
    let named = try Program.run(["data", "download", url, "-o", "other"], in: place.folder)
    #expect(named.status == 0 && exists(place.path("other/\(names[0])")))
  }
}
