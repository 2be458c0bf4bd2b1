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
