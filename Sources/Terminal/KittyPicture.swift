/// Kitty's graphics protocol (sw.kovidgoyal.net/kitty/graphics-protocol).
enum KittyPicture {
  /// Letters of base64 in one escape sequence at most.
  private static let chunk = 4096

  /// - Parameter width: pixels of the picture, which is made smaller where the screen is narrower.
  static func bytes(png: [UInt8], _ width: Int, _ screen: TerminalScreen) -> [UInt8] {
    let data = Base64.encode(png)
    var result: [UInt8] = []
    for start in stride(from: 0, to: data.count, by: chunk) {
      let end = min(data.count, start + chunk)
      // Show (T) a PNG (100) here, and answer nothing (q=2): the answer would lie in the shell's next line.
      let size = width > screen.width ? ",c=\(screen.columns)" : ""
      let keys = start == 0 ? "a=T,f=100,q=2\(size),m=" : "m="
      result += Array("\u{1B}_G\(keys)\(end < data.count ? 1 : 0);".utf8)
      result += data[start..<end]
      result += Array("\u{1B}\\".utf8)
    }
    return result + [UInt8(ascii: "\n")]
  }
}
