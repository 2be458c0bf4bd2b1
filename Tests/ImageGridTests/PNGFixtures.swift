// Made by Tests/References/png_fixtures.py; change that, not this.

import Testing

struct PNGFixture: CustomTestStringConvertible, Sendable {
  let name: String
  /// The file, two hexadecimal digits a byte.
  let hex: String
  let width: Int
  let height: Int
  let channels: Int
  /// What a reader must get: `[height, width, channels]`.
  let pixels: [UInt8]

  var testDescription: String { name }

  static let all = [
    PNGFixture(
      name: "grey1",
      hex: """
        89504e470d0a1a0a0000000d4948445200000009000000020100000000a22dcb7e0000000e4944415478da63086a60d0\
        64000003f200fcd31238df0000000049454e44ae426082
        """,
      width: 9, height: 2, channels: 1,
      pixels: [
        0, 255, 0, 255, 0, 0, 255, 0, 255, 0, 0, 255, 0, 255, 0, 0, 255, 0,
      ]),
    PNGFixture(
      name: "grey2",
      hex: """
        89504e470d0a1a0a0000000d4948445200000009000000020200000000e58db1ae000000104944415478da63b0e47360\
        e0736e0000045b01598c09ab430000000049454e44ae426082
        """,
      width: 9, height: 2, channels: 1,
      pixels: [
        0, 255, 170, 85, 0, 0, 255, 170, 85, 0, 0, 255, 170, 85, 0, 0, 255, 170,
      ]),
    PNGFixture(
      name: "grey4",
      hex: """
        89504e470d0a1a0a0000000d49484452000000090000000204000000006acd440e000000144944415478da6360ce3c60\
        3681e180d91ce60400177903e8464b1f510000000049454e44ae426082
        """,
      width: 9, height: 2, channels: 1,
      pixels: [
        0, 51, 102, 153, 204, 0, 51, 102, 153, 204, 0, 51, 102, 153, 204, 0, 51, 102,
      ]),
    PNGFixture(
      name: "grey16",
      hex: """
        89504e470d0a1a0a0000000d49484452000000040000000210000000000a53fefc0000001a4944415478da63606060a8\
        6768acffcfd0c0d0f0ff7fddffff0030e907f959b945b30000000049454e44ae426082
        """,
      width: 4, height: 2, channels: 1,
      pixels: [
        0, 0, 1, 127, 128, 128, 254, 255,
      ]),
    PNGFixture(
      name: "rgb16",
      hex: """
        89504e470d0a1a0a0000000d49484452000000020000000110020000002bd0349e000000154944415478da631032597d\
        f6ff7f0686860687030024b505bdf01ca9430000000049454e44ae426082
        """,
      width: 2, height: 1, channels: 3,
      pixels: [
        18, 171, 255, 0, 128, 64,
      ]),
    PNGFixture(
      name: "palette",
      hex: """
        89504e470d0a1a0a0000000d4948445200000005000000020203000000ed04fece0000000c504c5445ff000000800000\
        00ff0a141e57f8aa380000000e4944415478da63903ec030d1010004ef01ad5202426a0000000049454e44ae426082
        """,
      width: 5, height: 2, channels: 3,
      pixels: [
        255, 0, 0, 0, 128, 0, 0, 0, 255, 10, 20, 30, 10, 20, 30, 0, 0, 255, 0, 128, 0, 255, 0, 0,
        0, 128, 0, 0, 128, 0,
      ]),
    PNGFixture(
      name: "paletteTransparent",
      hex: """
        89504e470d0a1a0a0000000d4948445200000005000000020203000000ed04fece0000000c504c5445ff000000800000\
        00ff0a141e57f8aa380000000274524e5300643c4c68790000000e4944415478da63903ec030d1010004ef01ad520242\
        6a0000000049454e44ae426082
        """,
      width: 5, height: 2, channels: 3,
      pixels: [
        255, 255, 255, 155, 205, 155, 0, 0, 255, 10, 20, 30, 10, 20, 30, 0, 0, 255, 155, 205, 155,
        255, 255, 255, 155, 205, 155, 155, 205, 155,
      ]),
    PNGFixture(
      name: "greyAlpha",
      hex: """
        89504e470d0a1a0a0000000d4948445200000002000000020804000000d8bfc5af000000124944415478da6360f8cfc0\
        c090d2708211000ca302ad99ff1ada0000000049454e44ae426082
        """,
      width: 2, height: 2, channels: 1,
      pixels: [
        0, 255, 177, 255,
      ]),
    PNGFixture(
      name: "rgba",
      hex: """
        89504e470d0a1a0a0000000d49484452000000030000000108060000001be014b4000000134944415478da63f8cfc0f0\
        1f088db944e418001d90036dcadfadbc0000000049454e44ae426082
        """,
      width: 3, height: 1, channels: 3,
      pixels: [
        255, 0, 0, 204, 255, 204, 255, 255, 255,
      ]),
    PNGFixture(
      name: "greyKey",
      hex: """
        89504e470d0a1a0a0000000d494844520000000200000002080000000057dd52f80000000274524e5300087848450a00\
        00000e4944415478da6360e760e0e40000006300213123a7dc0000000049454e44ae426082
        """,
      width: 2, height: 2, channels: 1,
      pixels: [
        7, 255, 9, 255,
      ]),
    PNGFixture(
      name: "interlacedGrey",
      hex: """
        89504e470d0a1a0a0000000d49484452000000090000000a080000000134691bf4000000794944415478da016e0091ff\
        000098005870003c00d4009cf874001a660046b200921e000a6cd648c200b6a8a2a4ae000c2a507e003aa00e8400f09e\
        5412002e24222800f43278c600b4d2f214385e86b0dc00024488ce1660acfa4a00d83ea6107cea5acc400036c04cda6a\
        fc9026be001cca7a2ce0964e08c45a6c2a8dd779f6290000000049454e44ae426082
        """,
      width: 9, height: 10, channels: 1,
      pixels: [
        0, 12, 26, 42, 60, 80, 102, 126, 152, 180, 210, 242, 20, 56, 94, 134, 176, 220, 10, 58,
        108, 160, 214, 14, 72, 132, 194, 2, 68, 136, 206, 22, 96, 172, 250, 74, 156, 240, 70, 158,
        248, 84, 178, 18, 116, 216, 62, 166, 16, 124, 234, 90, 204, 64, 182, 46, 168, 36, 162, 34,
        164, 40, 174, 54, 192, 76, 218, 106, 252, 144, 38, 190, 88, 244, 146, 50, 212, 120, 30,
        198, 112, 28, 202, 122, 44, 224, 150, 78, 8, 196,
      ]),
    PNGFixture(
      name: "interlacedRGB",
      hex: """
        89504e470d0a1a0a0000000d49484452000000030000000208020000016511c1db0000001e4944415478da636060e763\
        d032b46010955166b077f30d894eca2c2807001d0b04304d42e9b40000000049454e44ae426082
        """,
      width: 3, height: 2, channels: 3,
      pixels: [
        0, 7, 14, 21, 28, 35, 42, 49, 56, 63, 70, 77, 84, 91, 98, 105, 112, 119,
      ]),
    PNGFixture(
      name: "commented",
      hex: """
        89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a744558745469746c650063\
        6166e900ab337a0000001d7a545874436f6d6d656e740000789c2b2e2c4d4dad4a4d5128a612030022301fb750f5de18\
        0000000a4944415478da63d00200002c002b61f2926b0000001869545874417574686f720000006465004175746f7200\
        e6a3ae20ceb229f509810000000674455874456d70747900eec49d1b0000000049454e44ae426082
        """,
      width: 1, height: 1, channels: 1,
      pixels: [
        42
      ]),
    PNGFixture(
      name: "huge",
      hex: """
        89504e470d0a1a0a0000000d49484452000dbba0000c35000800000000f8494e8c0000000949444154789c6300000001\
        00015eff7df90000000049454e44ae426082
        """,
      width: 900000, height: 800000, channels: 1,
      pixels: []),
    PNGFixture(
      name: "unfilled",
      hex: """
        89504e470d0a1a0a0000000d49484452000027100000271008000000009f253dfb0000000949444154789c6300000001\
        00015eff7df90000000049454e44ae426082
        """,
      width: 10000, height: 10000, channels: 1,
      pixels: []),
  ]
}
