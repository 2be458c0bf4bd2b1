import Archives
import Files

extension PictureCollection {
  /// Images of one array, with their labels.
  func gatherArray(_ array: PixelArray, labels: [UInt8]?, part: SetPart?) throws {
    for index in 0..<array.count {
      try add(
        "\(array.name)[\(index)]", label: labels.map { "\($0[index])" }, part: part, root: .table
      ) { try array.image(index) }
    }
  }

  /// An array of a .npz archive.
  private struct Member {
    let name: String
    let spool: Spool
    let bytes: UnsafeRawBufferPointer
    let header: NPYHeader

    /// Nil where it is of validation only.
    var part: SetPart? {
      let name = name.lowercased()
      return name.contains("test") ? .test : name.contains("val") ? nil : .train
    }

    var mayBeImages: Bool {
      let sizes = header.shape
      return sizes.count >= 3 || sizes.count == 2 && PixelArray.square(sizes[1], nil) != nil
    }
  }

  /// Images and labels of a .npz archive: arrays that belong together by their names and by how many there are.
  func gatherArrays(_ path: String) throws {
    let members = try members(path)
    var found = false
    for part in [SetPart.train, .test] {
      let images = members.filter { $0.part == part && $0.mayBeImages }
      guard let first = images.first else { continue }
      guard images.count == 1 else {
        throw PictureError(
          path: path, problem: "\(images.map(\.name).joined(separator: " and ")) could each be the images",
          fix: "save one of them with numpy.save and import that")
      }
      found = true
      let labels = members.lazy.filter {
        $0.part == part && $0.header.shape.first == first.header.shape.first
      }
      .compactMap { LabelArray.read($0.bytes, $0.header) }.first
      let array = try PixelArray(first.bytes, name: "\(path): \(first.name)", settings: settings)
      try withExtendedLifetime(first.spool) { try gatherArray(array, labels: labels, part: part) }
    }
    guard found else {
      let list = members.map { "\($0.name) of shape \($0.header.shape)" }.joined(separator: ", ")
      throw PictureError(
        path: path, problem: "has no array of images among \(list.isEmpty ? "its files" : list)",
        fix: "save one of [count, height, width], as numpy.savez('set.npz', images=…, labels=…)")
    }
    for member in members where member.part == nil && member.mayBeImages {
      try skip(
        PictureError(
          path: "\(path): \(member.name)", problem: "images of a third set, beside training and test",
          fix: "save it as a file of its own if it is wanted"))
    }
  }

  private func members(_ path: String) throws -> [Member] {
    let archive = try ArchiveReader(path)
    var members: [Member] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while let name = try archive.next() {
      let spool = try Spool(for: path)
      while true {
        let count = try buffer.withUnsafeMutableBytes { try archive.read(into: $0) }
        guard count > 0 else { break }
        try spool.append(Array(buffer[..<count]))
      }
      let bytes = try spool.content()
      do {
        let header = try NPYHeader(bytes) {
          PictureError(path: "\(path): \(name)", problem: "byte \($0): \($1)", fix: $2)
        }
        let short = name.hasSuffix(".npy") ? String(name.dropLast(4)) : name
        members.append(Member(name: shown(short, most: 400), spool: spool, bytes: bytes, header: header))
      } catch let fault as PictureError {
        try skip(fault)
      }
    }
    return members
  }
}
