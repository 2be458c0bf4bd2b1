import CKernels
import Testing

/// A map under a kernel, with sides that have code of their own.
private struct Shape: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let height: Int
  let width: Int
  let channels: Int
  let kernel: Int
  let stride: Int

  init(_ name: String, _ height: Int, _ width: Int, _ channels: Int, kernel: Int, stride: Int) {
    testDescription = name
    (self.height, self.width, self.channels) = (height, width, channels)
    (self.kernel, self.stride) = (kernel, stride)
  }

  var lines: Int { (height + stride - 1) / stride }
  var columns: Int { (width + stride - 1) / stride }
  var top: Int { max(0, (lines - 1) * stride + kernel - height) / 2 }
  var left: Int { max(0, (columns - 1) * stride + kernel - width) / 2 }
  var patch: Int { kernel * kernel * channels }
  var count: Int { height * width * channels }

  var patches: selva_patches {
    selva_patches(
      height: height, width: width, channels: channels, columns: columns, kernel: kernel, stride: stride,
      top: top, left: left)
  }

  /// Where in the map a value of a patch lies, if anywhere.
  func index(_ line: Int, _ column: Int, _ value: Int) -> Int? {
    let y = line * stride + value / (kernel * channels) - top
    let x = column * stride + value / channels % kernel - left
    guard (0..<height).contains(y), (0..<width).contains(x) else { return nil }
    return (y * width + x) * channels + value % channels
  }
}

private let shapes = [
  Shape("one channel", 28, 28, 1, kernel: 4, stride: 2),
  Shape("colour", 11, 12, 3, kernel: 4, stride: 2),
  Shape("one channel, kernel of 8", 13, 14, 1, kernel: 8, stride: 2),
  Shape("many channels", 7, 6, 33, kernel: 4, stride: 2),
  Shape("odd kernel", 5, 9, 7, kernel: 3, stride: 1),
  Shape("stride 3", 10, 11, 2, kernel: 5, stride: 3),
  Shape("kernel wider than the map", 9, 3, 2, kernel: 6, stride: 2),
  Shape("kernel higher than the map", 2, 9, 1, kernel: 4, stride: 2),
  Shape("no edge", 8, 8, 5, kernel: 2, stride: 2),
  Shape("one pixel", 1, 1, 4, kernel: 4, stride: 2),
]

@Suite struct PatchKernelTests {
  private func gathered<Element: FixedWidthInteger>(
    _ kernels: Kernels, _ shape: Shape, _ map: [Element], line: Int, values: Range<Int>
  ) -> [Element] {
    // Marks that are to be written over, and one behind that is not.
    var made = [Element](repeating: 77, count: shape.columns * values.count + 1)
    withUnsafePointer(to: shape.patches) {
      kernels.gather_patches(
        $0, map, MemoryLayout<Element>.size, line, values.lowerBound, values.upperBound, &made)
    }
    return made
  }

  private func expected<Element: FixedWidthInteger>(
    _ shape: Shape, _ map: [Element], line: Int, values: Range<Int>
  ) -> [Element] {
    (0..<shape.columns).flatMap { column in
      values.map { shape.index(line, column, $0).map { map[$0] } ?? 0 }
    } + [77]
  }

  @Test(arguments: Kernels.all, shapes)
  private func gatheringCopiesEveryValue(_ kernels: Kernels, _ shape: Shape) {
    let wide = (0..<shape.count).map { UInt32($0 * 7919 + 1) }
    let narrow = wide.map { UInt16(truncatingIfNeeded: $0) }
    let parts = [0..<shape.patch, 1..<shape.patch - 2, shape.patch / 3..<shape.patch / 2]
    for values in parts {
      for line in 0..<shape.lines {
        let isWide = gathered(kernels, shape, wide, line: line, values: values)
        #expect(isWide == expected(shape, wide, line: line, values: values), "line \(line), values \(values)")
        let isNarrow = gathered(kernels, shape, narrow, line: line, values: values)
        #expect(
          isNarrow == expected(shape, narrow, line: line, values: values),
          "line \(line), values \(values), two bytes")
      }
    }
  }

  @Test(arguments: Kernels.all, shapes)
  private func scatteringAddsEveryValue(_ kernels: Kernels, _ shape: Shape) {
    let patches = (0..<shape.columns * shape.patch).map { Float($0 % 61) - 17 }
    for line in 0..<shape.lines {
      var expected = (0..<shape.count).map { Float($0 % 13) }
      var map = expected
      for (i, value) in patches.enumerated() {
        if let place = shape.index(line, i / shape.patch, i % shape.patch) { expected[place] += value }
      }
      withUnsafePointer(to: shape.patches) { kernels.scatter_patches($0, patches, line, &map) }
      #expect(map == expected, "line \(line)")
    }
  }
}
