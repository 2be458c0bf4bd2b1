import Files
import Foundation
import Testing

@Suite struct FileSignatureTests {
  private func kind(_ bytes: [UInt8]) -> FileSignature { bytes.withUnsafeBytes { FileSignature($0) } }
  private func kind(_ text: String) -> FileSignature { kind(Array(text.utf8)) }

  @Test(arguments: FileSignatureFixtures.all)
  func tellsWhatLibrariesWrite(_ file: FileSignatureFixtures.File) throws {
    let bytes = try [UInt8](#require(Data(base64Encoded: file.base64)))
    #expect(kind(bytes) == file.kind)
  }

  /// Kinds that no library here writes, or that a few letters make.
  @Test(
    arguments: [
      ("RAR", "Rar!\u{1A}\u{7}\u{1}\u{0}", .rar), ("PDF", "%PDF-1.7\n%", .pdf),
      ("GGUF", "GGUF\u{3}\u{0}\u{0}\u{0}", .gguf),
      ("HEIC", "\u{0}\u{0}\u{0}\u{18}ftypheic\u{0}", .heif), ("AVIF", "\u{0}\u{0}\u{0}\u{1C}ftypavif", .heif),
      ("LFS", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n", .gitLFS),
      ("page", "\u{FEFF}\n <!DOCTYPE html>\n<html><head><title>404</title>", .html),
      ("page without a type", "<html lang=\"en\">", .html),
      ("page after a comment", "<!-- saved -->\n<HTML>", .html),
      ("page in XML", "<?xml version=\"1.0\"?><!DOCTYPE html PUBLIC", .html),
      ("XML", "<?xml version=\"1.0\"?>\n<a/>", .xml), ("SVG", "<svg width=\"3\"/>", .xml),
      ("object", "{\n  \"z0\": 1}", .json), ("empty object", "{}", .json), ("array", "[[0.5, 1]]", .json),
      ("numbers", "0.5,1\n", .csv), ("names", "\u{FEFF}z0,z1\r\n", .csv), ("one column", "z0\n1\n2\n", .text),
      ("names in brackets", "[a],[b]\n1,2\n", .csv), ("name in braces", "{z},b\n1,2\n", .csv),
      ("names that begin as magic does", "PAR1,GGUF,BZh9\n1,2,3", .csv),
      ("umlauts", "Größe;Länge", .text), ("one letter", "x", .text),
      ("word that begins as BMP does", "BMW,z0\n1,2", .csv),
    ] as [(String, String, FileSignature)])
  func tells(name: String, text: String, expected: FileSignature) {
    #expect(kind(text) == expected, "\(name)")
  }

  @Test func tellsWhatIsHardlyThere() {
    #expect(kind([]) == .empty)
    #expect(kind([UInt8](repeating: 0, count: 4)) == .zeros)
    #expect(kind([UInt8](repeating: 0, count: 9000)) == .zeros)
    #expect(kind([0]) == .unknown)
    #expect(kind([0, 0, 0, 1]) == .unknown)
    #expect(kind([1, 2, 3]) == .unknown)
    #expect(kind([UInt8](repeating: 0xFF, count: 64)) == .unknown)
    // Latin-1, which is no UTF-8, with few letters that need it, and then with too many.
    let accents: [UInt8] = [0xF6, 0xDF, 0xE4, 0xFC]
    #expect(kind(Array("twelve more.".utf8) + accents) == .text)
    #expect(kind(Array("eleven more".utf8) + accents) == .unknown)
    #expect(kind(Array("eleven more".utf8) + accents + accents) == .unknown)
  }

  /// However few bytes there are, none beyond them is looked at, and nothing is told that more bytes deny but for
  /// containers of something, texts, and short beginnings.
  @Test(arguments: FileSignatureFixtures.all)
  func takesAnyBeginning(_ file: FileSignatureFixtures.File) throws {
    let bytes = try [UInt8](#require(Data(base64Encoded: file.base64)))
    for count in bytes.indices {
      let found = kind(Array(bytes.prefix(count)))
      let may: Set<FileSignature> = [file.kind, .unknown, .empty, .zeros, .text, .csv, .zip, .pickle, .utf16]
      #expect(may.contains(found), "\(count) bytes are \(found)")
    }
  }

  @Test func looksAtBothEndsOfWhatItTakes() {
    let zeros = [UInt8](repeating: 0, count: FileSignature.length)
    #expect(kind(zeros + [1]) == .zeros)
    #expect(kind(zeros.dropLast() + [1]) == .unknown)
  }

  @Test func saysWhatToDo() throws {
    func fault(_ text: String, _ kinds: Set<FileSignature> = [.idx], verb: String = "is") throws -> FileError?
    {
      try Array(text.utf8).withUnsafeBytes { bytes -> FileError? in
        do {
          try FileSignature.check(bytes, isOneOf: kinds, path: "a.b", verb: verb, fix: "give an IDX file")
          return nil
        } catch let fault as FileError {
          return fault
        }
      }
    }
    #expect(try fault("%PDF-1.7")?.description == "a.b: is a PDF document; give an IDX file")
    #expect(try fault("%PDF-1.7")?.category == .badData)
    #expect(
      try fault("BZh91AY&SY", verb: "expands to")?.description
        == "a.b: expands to a bzip2 file; unpack it first")
    #expect(try fault("")?.description == "a.b: is an empty file; get or write it again")
    #expect(try fault("x,y", [.text, .csv]) == nil)
    for kind in FileSignature.allCases {
      #expect(!kind.fix(otherwise: "-").isEmpty && kind.fix(otherwise: "-").allSatisfy { !$0.isNewline })
    }
  }

  @Test func saysHowASetIsMade() {
    #expect(
      FileSignature.png.importFix("a b.png") == "make a set of it with 'selva data import 'a b.png' -o set'")
    #expect(FileSignature.zip.importFix("a.zip") == "make a set of it with 'selva data import a.zip -o set'")
    #expect(FileSignature.xz.importFix("a") == "unpack it first, with 'xz -d'")
    #expect(FileSignature.html.importFix("a") == nil && FileSignature.png.plural == "PNG pictures")
    let importable = FileSignature.allCases.filter(\.isImportable)
    #expect(importable == [.npy, .npz, .png, .jpeg, .zip, .tar, .sevenZip, .csv])
  }
}
