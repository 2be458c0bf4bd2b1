import Foundation
import Testing

@testable import Compute

/// Blocks of blocks lie where they should, whatever lies between their rows.
@Test(arguments: [ElementType.float32, .bfloat16]) func `a block of a block is a view of its elements`(
  _ type: ElementType
) {
  let matrix = Matrix(rows: 4, columns: 5, type: type)
  let start = matrix.bytes
  func offset(_ block: Matrix) -> Int { (block.bytes - start) / type.byteCount }
  let columns = matrix.block(columns: 1..<4)
  #expect(offset(columns) == 1 && columns.rows == 4 && columns.columns == 3 && columns.stride == 5)
  let block = columns.block(rows: 2..<4)
  #expect(offset(block) == 11 && block.rows == 2 && block.columns == 3 && block.stride == 5)
  #expect(offset(matrix.block(rows: 2..<4).block(columns: 1..<4)) == 11)
  #expect(offset(block.block(rows: 1..<2).block(columns: 2..<3)) == 18)
}

/// 1 + 2⁻⁷ has a bfloat16 of its own, 1 + 2⁻⁹ rounds to 1; neighbours of the block stay as they are.
@Test(arguments: [ElementType.float32, .bfloat16]) func `a row is set in the element type of its matrix`(
  _ type: ElementType
) {
  let matrix = Matrix(rows: 3, columns: 4, type: type)
  matrix.block(columns: 1..<3).set(row: 1, from: [1.0078125, 1.001953125])
  switch type {
  case .float32: #expect(matrix.values == [0, 0, 0, 0, 0, 1.0078125, 1.001953125, 0, 0, 0, 0, 0])
  case .bfloat16:
    let halves = Array(UnsafeBufferPointer(start: matrix.halves, count: 12))
    #expect(halves == [0, 0, 0, 0, 0, 0x3F81, 0x3F80, 0, 0, 0, 0, 0])
  }
}

@Test func `what is large lies in large pages, where the system has them`() throws {
  let (page, size) = (1 << 21, 1 << 22)
  #expect(Storage.isLarge(size) && !Storage.isLarge(size - 1))
  let (large, small) = (Storage(byteCount: size), Storage(byteCount: size - 1))
  #expect(UnsafeRawBufferPointer(start: large.base, count: size).allSatisfy { $0 == 0 })
  #expect(Int(bitPattern: large.base) % page == 0)
  #expect(Int(bitPattern: small.base) % 64 == 0)
  guard
    let policy = try? String(contentsOfFile: "/sys/kernel/mm/transparent_hugepage/enabled", encoding: .utf8),
    policy.contains("[madvise]")
  else { return }
  // Of what is small nothing can be said: it may lie where something large was.
  #expect(try hasLargePages(large.base))
}

/// Whether the mapping that holds an address may have large pages: "hg" among its flags, as `madvise` sets it.
private func hasLargePages(_ address: UnsafeMutableRawPointer) throws -> Bool {
  var isInside = false
  // Not by its name at once, which reads as much as the file claims to hold.
  let file = try #require(FileHandle(forReadingAtPath: "/proc/self/smaps"))
  let text = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
  for line in text.split(separator: "\n") {
    let words = line.split(separator: " ")
    let ends = words[0].split(separator: "-").map { UInt($0, radix: 16) }
    if ends.count == 2, let start = ends[0], let end = ends[1] {
      isInside = start..<end ~= UInt(bitPattern: address)
    }
    if isInside, words[0] == "VmFlags:" { return words.contains("hg") }
  }
  return false
}
