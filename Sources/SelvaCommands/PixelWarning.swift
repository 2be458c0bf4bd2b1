import IDX

extension ImageSet {
  /// One line where the pixels seem to be meant on another scale than bytes have; what is done goes on.
  func warnIfUnscaled() {
    guard let maximum = unscaledMaximum else { return }
    Console.message(
      "selva: \(path): warning: no pixel is above \(maximum), and white is 255; if \(maximum) should be white, "
        + "multiply the pixels by \(255 / Int(maximum))\(255 % Int(maximum) == 0 ? "" : " or so")")
  }
}
