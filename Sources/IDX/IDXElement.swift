/// What an IDX file's elements are; the raw value is the type's code in the file.
public enum IDXElementType: UInt8, Sendable, CaseIterable {
  /// 8 bits without a sign.
  case uint8 = 0x08
  /// 8 bits with a sign.
  case int8 = 0x09
  /// 16 bits with a sign.
  case int16 = 0x0B
  /// 32 bits with a sign.
  case int32 = 0x0C
  /// IEEE 754, 32 bits.
  case float32 = 0x0D
  /// IEEE 754, 64 bits.
  case float64 = 0x0E

  /// Bytes of one element.
  public var byteCount: Int {
    switch self {
    case .uint8, .int8: 1
    case .int16: 2
    case .int32, .float32: 4
    case .float64: 8
    }
  }

  /// As in Swift: `uint8`, `float32`.
  public var name: String { "\(self)" }
}

/// A type that IDX can hold; it lies in memory as in the file, but for the order of its bytes.
public protocol IDXElement: BitwiseCopyable, Sendable {
  /// What a file calls the type.
  static var idxType: IDXElementType { get }
  /// The element in `bytes`, which begin with it, big-endian.
  init(bigEndianBytes bytes: UnsafeRawPointer)
}

private func load<Bits: FixedWidthInteger & BitwiseCopyable>(
  _ bytes: UnsafeRawPointer, _: Bits.Type
) -> Bits {
  Bits(bigEndian: bytes.loadUnaligned(as: Bits.self))
}

extension UInt8: IDXElement {
  public static let idxType = IDXElementType.uint8
  public init(bigEndianBytes bytes: UnsafeRawPointer) { self = bytes.load(as: UInt8.self) }
}

extension Int8: IDXElement {
  public static let idxType = IDXElementType.int8
  public init(bigEndianBytes bytes: UnsafeRawPointer) { self = bytes.load(as: Int8.self) }
}

extension Int16: IDXElement {
  public static let idxType = IDXElementType.int16
  public init(bigEndianBytes bytes: UnsafeRawPointer) { self = load(bytes, Int16.self) }
}

extension Int32: IDXElement {
  public static let idxType = IDXElementType.int32
  public init(bigEndianBytes bytes: UnsafeRawPointer) { self = load(bytes, Int32.self) }
}

extension Float: IDXElement {
  public static let idxType = IDXElementType.float32
  public init(bigEndianBytes bytes: UnsafeRawPointer) { self.init(bitPattern: load(bytes, UInt32.self)) }
}

extension Double: IDXElement {
  public static let idxType = IDXElementType.float64
  public init(bigEndianBytes bytes: UnsafeRawPointer) { self.init(bitPattern: load(bytes, UInt64.self)) }
}
