import CKernels
import Compute

/// The sides of an image or of a layer's feature maps. Values lie `[height, width, channels]`.
package struct MapShape: Sendable, Equatable {
  package var height: Int
  package var width: Int
  package var channels: Int

  package init(height: Int, width: Int, channels: Int) {
    self.height = height
    self.width = width
    self.channels = channels
  }

  package var positions: Int { height * width }
  package var count: Int { positions * channels }
}

/// Where a convolution's kernel lies on a large map: once for each position of a small one.
///
/// The small map has ⌈side / stride⌉ positions a side, and what the kernel reads beyond the edges counts as 0, half of
/// it before the map and the rest after (as TensorFlow's "same"). A transposed convolution over the same patches thus
/// gives back exactly the large map, whatever its sides are.
package struct Patches: Sendable {
  package let large: MapShape
  package let kernel: Int
  package let stride: Int
  /// Positions of the small map.
  package let height: Int
  package let width: Int
  private let layout: selva_patches

  init(_ large: MapShape, kernel: Int, stride: Int) {
    precondition(
      kernel >= stride && stride >= 1 && kernel <= 64,
      "a kernel of \(kernel) with a stride of \(stride): at least the stride, or pixels are left out, and at most 64"
    )
    self.large = large
    self.kernel = kernel
    self.stride = stride
    height = (large.height + stride - 1) / stride
    width = (large.width + stride - 1) / stride
    func before(_ side: Int, _ positions: Int) -> Int {
      max(0, (positions - 1) * stride + kernel - side) / 2
    }
    layout = selva_patches(
      height: large.height, width: large.width, channels: large.channels, columns: width, kernel: kernel,
      stride: stride, top: before(large.height, height), left: before(large.width, width))
  }

  /// Pixels beyond the edges of the large map that the kernel reads.
  package var padding: (top: Int, left: Int, bottom: Int, right: Int) {
    let (top, left) = (Int(layout.top), Int(layout.left))
    return (
      top, left, (height - 1) * stride + kernel - large.height - top,
      (width - 1) * stride + kernel - large.width - left
    )
  }

  /// Values of one patch, `[kernel, kernel, channels]`.
  var size: Int { kernel * kernel * large.channels }
  /// Patches of an image.
  var count: Int { height * width }

  /// `values` of the patches of some lines: line l of image i is number i · `height` + l.
  ///
  /// - Parameters:
  ///   - maps: `[images, large.count]`.
  ///   - patches: `[lines · width, values]`, of the element type of the maps.
  func gather(_ maps: Matrix, lines: Range<Int>, values: Range<Int>, into patches: Matrix) {
    let bytes = maps.type.byteCount
    withUnsafePointer(to: layout) {
      for (index, line) in lines.enumerated() {
        selva_gather_patches(
          $0, maps.bytes + line / height * maps.stride * bytes, bytes, line % height, values.lowerBound,
          values.upperBound, patches.bytes + index * width * values.count * bytes)
      }
    }
  }

  /// Adds patches to the maps that they lie on; float32.
  func scatter(_ patches: Matrix, lines: Range<Int>, to maps: Matrix) {
    withUnsafePointer(to: layout) {
      for (index, line) in lines.enumerated() {
        selva_scatter_patches($0, patches.row(index * width), line % height, maps.row(line / height))
      }
    }
  }
}

/// Lines of patches, cut into pieces that stay in a processor's cache.
struct LinePieces: Sendable {
  /// Floats of the patches that lie in memory at a time: 512 KiB. A product first lays out the weights anew, which
  /// costs more with smaller pieces; larger ones leave the cache.
  private static let most = 1 << 17

  let lines: Range<Int>
  /// Lines of a piece; the last one may be shorter.
  let length: Int

  /// - Parameters:
  ///   - lines: one at least.
  ///   - values: of each patch.
  init(_ lines: Range<Int>, of patches: Patches, values: Int) {
    self.lines = lines
    length = min(max(1, LinePieces.most / (patches.width * values)), lines.count)
  }

  /// Lines of the last piece.
  var rest: Int { lines.count % length == 0 ? length : lines.count % length }

  func each(_ body: (Range<Int>) -> Void) {
    for start in stride(from: lines.lowerBound, to: lines.upperBound, by: length) {
      body(start..<min(start + length, lines.upperBound))
    }
  }

  /// The most floats that the patches of one piece can be, of all of their values or of some.
  static func floats(_ patches: Patches) -> Int { max(most, patches.width * patches.size) }
}
