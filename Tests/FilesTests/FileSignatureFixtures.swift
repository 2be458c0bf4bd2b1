import Files
import Testing

/// How files of many kinds begin, as the libraries that people use write them; made by
/// References/file_signatures.py.
enum FileSignatureFixtures {
  struct File: Sendable, CustomTestStringConvertible {
    let name: String
    let kind: FileSignature
    let base64: String

    init(_ name: String, _ kind: FileSignature, _ base64: String) {
      (self.name, self.kind, self.base64) = (name, kind, base64)
    }

    var testDescription: String { name }
  }

  static let all = [
    File(
      "safetensors", .safetensors,
      "QAAAAAAAAAB7ImEiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzIsM10sImRhdGFfb2Zmc2V0cyI6WzAsMjRdfX0gICAgICAg"),
    File(
      "IDX", .idx,
      "AAAIAwAAAAEAAAACAAAAAgAAAAA="),
    File(
      "IDX, little-endian", .littleEndianIDX,
      "AwgAAAEAAAACAAAAAgAAAAAAAAA="),
    File(
      "npy", .npy,
      "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAg"),
    File(
      "npz", .npz,
      "UEsDBC0AAAAAAAAAIQDZGzmG//////////8FABQAei5ucHkBABAAmAAAAAAAAACYAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2Ny"),
    File(
      "npz, compressed", .npz,
      "UEsDBC0AAAAIAAAAIQDZGzmG//////////8FABQAei5ucHkBABAAmAAAAAAAAABYAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxc"),
    File(
      "PyTorch", .torch,
      "UEsDBBQAAAAAAFOgel2cRYe1FwAAABcAAAAQAAAAYXJjaGl2ZS9kYXRhLnBrbHowLHoxLHoyCjAuNSwtMS4wLDAuMjUKUEsB"),
    File(
      "PyTorch, before 1.6", .torch,
      "gAKKCmz8nEb5IGqoUBku"),
    File(
      "pickle 5", .pickle,
      "gAWVjgAAAAAAAACME251bXB5Ll9jb3JlLm51bWVyaWOUjAtfZnJvbWJ1ZmZlcpSTlCiWGAAAAAAAAAAAAAA/AACAvwAAgD4A"),
    File(
      "pickle 4", .pickle,
      "gASVFAAAAAAAAAB9lIwBepRdlEc/4AAAAAAAAGFzLg=="),
    File(
      "pickle 2", .pickle,
      "gAJ9cQBYAQAAAHpxAV1xAkc/4AAAAAAAAGFzLg=="),
    File(
      "HDF5", .hdf5,
      "iUhERg0KGgoAAAAAAAgIAAQAEAAAAAAAAAAAAAAAAAD//////////xgIAAAAAAAA//////////8AAAAAAAAAAGAAAAAAAAAA"),
    File(
      "MATLAB", .matlab,
      "TUFUTEFCIDUuMCBNQVQtZmlsZSBQbGF0Zm9ybTogcG9zaXgsIENyZWF0ZWQgb246IFRodSBOb3YgMjYgMjA6MDI6MzkgMjAy"),
    File(
      "Parquet", .parquet,
      "UEFSMRUEFRAVFEwVBBUAEgAACBwAAAA/AAAAQBUAFRIVFiwVBBUQFQYVBhwYBAAAAEAYBAAAAD8WACgEAAAAQBgEAAAAPxER"),
    File(
      "Feather", .arrow,
      "QVJST1cxAAD/////kAMAABAAAAAAAAoADgAGAAUACAAKAAAAAAEEABAAAAAAAAoADAAAAAQACAAKAAAAxAIAAAQAAAABAAAA"),
    File(
      "SQLite", .sqlite,
      "U1FMaXRlIGZvcm1hdCAzABAAAQEAQCAgAAAAAQAAAAIAAAAAAAAAAAAAAAEAAAAEAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAA"),
    File(
      "PNG", .png,
      "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAAEklEQVR4nGNkYIQCDijNQhYDABMvAItWKq6MAAAAAElFTkSu"),
    File(
      "JPEG", .jpeg,
      "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcp"),
    File(
      "GIF", .gif,
      "R0lGODdhCAAIAIUAAAAAAAEBAQICAgMDAwQEBAUFBQYGBgcHBwgICAkJCQoKCgsLCwwMDA0NDQ4ODg8PDxAQEBERERISEhMT"),
    File(
      "BMP", .bmp,
      "Qk12BAAAAAAAADYEAAAoAAAACAAAAAgAAAABAAgAAAAAAEAAAADEDgAAxA4AAAABAAAAAQAAAAAAAAEBAQACAgIAAwMDAAQE"),
    File(
      "TIFF", .tiff,
      "SUkqAAgAAAAJAAABBAABAAAACAAAAAEBBAABAAAACAAAAAIBAwABAAAACAAAAAMBAwABAAAAAQAAAAYBAwABAAAAAQAAABEB"),
    File(
      "WebP", .webp,
      "UklGRi4AAABXRUJQVlA4ICIAAACwAQCdASoIAAgAAUAmJaQAAud/5jgAAP7+5dNP88D4iAAA"),
    File(
      "PGM", .netpbm,
      "UDUKOCA4CjI1NQoAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8wMTIzNDU2Nzg5Ojs8"),
    File(
      "PPM", .netpbm,
      "UDYKOCA4CjI1NQoAAAABAQECAgIDAwMEBAQFBQUGBgYHBwcICAgJCQkKCgoLCwsMDAwNDQ0ODg4PDw8QEBARERESEhITExMU"),
    File(
      "zip", .zip,
      "UEsDBBQAAAAAAFSgel2cRYe1FwAAABcAAAAXAAAAdHJhaW4taW1hZ2VzLWlkeDMtdWJ5dGV6MCx6MSx6MgowLjUsLTEuMCww"),
    File(
      "zip, empty", .zip,
      "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="),
    File(
      "Excel", .office,
      "UEsDBBQAAAAIAFSgel1Gx01IlQAAAM0AAAAQAAAAZG9jUHJvcHMvYXBwLnhtbE3PTQvCMAwG4L9SdreZih6kDkQ9ip68zy51"),
    File(
      "tar", .tar,
      "ei5jc3YAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAADAwMDA2NDQAMDAwMDAwMAAwMDAwMDAwADAwMDAwMDAwMDI3ADAwMDAwMDAw"
        + "MDAwADAwNjczMgAgMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB1c3RhcgAw"),
    File(
      "gzip", .gzip,
      "H4sIAAAAAAACA6sy0Kky1Kky4jLQM9XRNdQz0DHQMzLlAgCcRYe1FwAAAA=="),
    File(
      "xz", .xz,
      "/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAWejAsejEsejIKMC41LC0xLjAsMC4yNQoAAFMU7fmWeetHAAEvF4EISbEftvN9"),
    File(
      "bzip2", .bzip2,
      "QlpoOTFBWSZTWcIK64EAAApYgAAQAAdyAAAQIAAhpo0ZCDJiOY4PTYcTuFQrR4u5IpwoSGEFdcCA"),
    File(
      "zstd", .zstd,
      "KLUv/SAXuQAAejAsejEsejIKMC41LC0xLjAsMC4yNQo="),
    File(
      "lz4", .lz4,
      "BCJNGGhAFwAAAAAAAAAyFwAAgHowLHoxLHoyCjAuNSwtMS4wLDAuMjUKAAAAAA=="),
    File(
      "UTF-16 with a mark", .utf16,
      "//56ADAALAB6ADEALAB6ADIACgAwAC4ANQAsAC0AMQAuADAALAAwAC4AMgA1AAoA"),
    File(
      "UTF-16 LE", .utf16,
      "egAwACwAegAxACwAegAyAAoAMAAuADUALAAtADEALgAwACwAMAAuADIANQAKAA=="),
    File(
      "UTF-16 BE", .utf16,
      "AHoAMAAsAHoAMQAsAHoAMgAKADAALgA1ACwALQAxAC4AMAAsADAALgAyADUACg=="),
    File(
      "UTF-32", .utf32,
      "//4AAHoAAAAwAAAALAAAAHoAAAAxAAAALAAAAHoAAAAyAAAACgAAADAAAAAuAAAANQAAACwAAAAtAAAAMQAAAC4AAAAwAAAA"),
    File(
      "program", .program,
      "f0VMRgIBAQAAAAAAAAAAAAMAPgABAAAA0CMAAAAAAABAAAAAAAAAAJCDAAAAAAAAAAAAAEAAOAANAEAAHwAeAA=="),
  ]
}
