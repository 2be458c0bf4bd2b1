/// iTerm2's inline images (iterm2.com/documentation-images.html).
enum InlinePicture {
  /// - Parameter width: pixels of the picture, which is made smaller where the screen is narrower.
  static func bytes(png: [UInt8], _ width: Int, _ screen: TerminalScreen) -> [UInt8] {
    let size = width > screen.width ? "width=\(screen.columns);" : ""
    return Array("\u{1B}]1337;File=inline=1;size=\(png.count);\(size)preserveAspectRatio=1:".utf8)
      + Base64.encode(png) + Array("\u{07}\n".utf8)
  }
}
