/// What an IDX file's elements are; the raw value is the type's code in the file.
public enum IDXElementType: UInt8, Sendable, CaseIterable {
  case uint8 = 0x08
  case int8 = 0x09
  case int16 = 0x0B
  case int32 = 0x0C
  case float32 = 0x0D
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

  public var name: String { "\(self)" }
}

/// A type that IDX can hold.
public protocol IDXElement: BitwiseCopyable, Sendable {
  static var idxType: IDXElementType { get }
  /// The element in `bytes`, which begin with it, big-endian.
  init(bigEndianBytes bytes: UnsafeRawPointer)
  /// The element's bytes, big-endian, lowest 8·byteCount bits.
  var bigEndianBits: UInt64 { get }
}

private func load<Bits: FixedWidthInteger & BitwiseCopyable>(_ bytes: UnsafeRawPointer, _: Bits.Type) -> Bits
{
  Bits(bigEndian: bytes.loadUnaligned(as: Bits.self))
}

extension UInt8: IDXElement {
  public static let idxType = IDXElementType.uint8
  public init(bigEndianBytes bytes: UnsafeRawPointer) { self = bytes.load(as: UInt8.self) }
  public var bigEndianBits: UInt64 { UInt64(self) }
}

extension Int8: IDXElement {
  public static let idxType = IDXElementType.int8
  public init(bigEndianBytes bytes: UnsafeRawPointer) { self = bytes.load(as: Int8.self) }
  public var bigEndianBits: UInt64 { UInt64(UInt8(bitPattern: self)) }
}

extension Int16: IDXElement {
  public static let idxType = IDXElementType.int16
  public init(bigEndianBytes bytes: UnsafeRawPointer) { self = load(bytes, Int16.self) }
  public var bigEndianBits: UInt64 { UInt64(UInt16(bitPattern: self)) }
}

extension Int32: IDXElement {
  public static let idxType = IDXElementType.int32
  public init(bigEndianBytes bytes: UnsafeRawPointer) { self = load(bytes, Int32.self) }
  public var bigEndianBits: UInt64 { UInt64(UInt32(bitPattern: self)) }
}

extension Float: IDXElement {
  public static let idxType = IDXElementType.float32
  public init(bigEndianBytes bytes: UnsafeRawPointer) { self.init(bitPattern: load(bytes, UInt32.self)) }
  public var bigEndianBits: UInt64 { UInt64(bitPattern) }
}

extension Double: IDXElement {
  public static let idxType = IDXElementType.float64
  public init(bigEndianBytes bytes: UnsafeRawPointer) { self.init(bitPattern: load(bytes, UInt64.self)) }
  public var bigEndianBits: UInt64 { bitPattern }
}
