"""Makes the small PNG files of Tests/ImageGridTests/PNGFixtures.swift with zlib alone, no PNG library.

    python3 Tests/References/png_fixtures.py > Tests/ImageGridTests/PNGFixtures.swift

Each file stands beside the 8-bit grey or RGB samples that a reader must get from it: palettes resolved, 1, 2, 4
and 16 bits scaled to 8 with rounding, transparent pixels laid over white.
"""

import struct
import textwrap
import zlib

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pack(samples, depth):
    """One row of samples, its last byte filled with zeros."""
    bits = "".join(format(sample, f"0{depth}b") for sample in samples)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def png(width, height, depth, color, samples, before=(), after=(), interlaced=False):
    channels = CHANNELS[color]
    at = lambda x, y: samples[(y * width + x) * channels : (y * width + x + 1) * channels]
    data = b""
    for left, top, across, down in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        for y in range(top, height, down):
            row = [sample for x in range(left, width, across) for sample in at(x, y)]
            if row:
                data += b"\0" + pack(row, depth)
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    middle = b"".join(chunk(*c) for c in before) + chunk(b"IDAT", zlib.compress(data, 9))
    end = b"".join(chunk(*c) for c in after) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + middle + end


def scaled(sample, depth):
    top = (1 << depth) - 1
    return (sample * 255 * 2 + top) // (2 * top)


def over_white(color, opacity):
    return (color * opacity + 255 * (255 - opacity) + 127) // 255


def fixtures():
    """Name, file, width, height, channels, expected samples."""
    for depth in (1, 2, 4):
        samples = [(3 * i + i // 5) % (1 << depth) for i in range(18)]
        yield f"grey{depth}", png(9, 2, depth, GREY, samples), 9, 2, 1, [scaled(s, depth) for s in samples]
    samples = [0, 0x007F, 0x0081, 0x7FFF, 0x8000, 0x80FF, 0xFF7E, 0xFFFF]
    yield "grey16", png(4, 2, 16, GREY, samples), 4, 2, 1, [scaled(s, 16) for s in samples]
    samples = [0x1234, 0xABCD, 0xFFFF, 0, 0x8080, 0x40C0]
    yield "rgb16", png(2, 1, 16, RGB, samples), 2, 1, 3, [scaled(s, 16) for s in samples]
    palette = [(255, 0, 0), (0, 128, 0), (0, 0, 255), (10, 20, 30)]
    samples = [0, 1, 2, 3, 3, 2, 1, 0, 1, 1]
    entries = (b"PLTE", bytes(v for c in palette for v in c))
    colors = [v for s in samples for v in palette[s]]
    yield "palette", png(5, 2, 2, PALETTE, samples, [entries]), 5, 2, 3, colors
    opacities = [0, 100, 255, 255]
    colors = [over_white(v, opacities[s]) for s in samples for v in palette[s]]
    file = png(5, 2, 2, PALETTE, samples, [entries, (b"tRNS", bytes(opacities[:2]))])
    yield "paletteTransparent", file, 5, 2, 3, colors
    samples = [0, 255, 0, 0, 100, 128, 200, 1]
    mixed = [over_white(c, a) for c, a in zip(samples[::2], samples[1::2])]
    yield "greyAlpha", png(2, 2, 8, GREY_ALPHA, samples), 2, 2, 1, mixed
    samples = [255, 0, 0, 255, 0, 255, 0, 51, 10, 20, 30, 0]
    mixed = [over_white(samples[i + c], samples[i + 3]) for i in (0, 4, 8) for c in range(3)]
    yield "rgba", png(3, 1, 8, RGBA, samples), 3, 1, 3, mixed
    samples = [7, 8, 9, 8]
    mixed = [255 if s == 8 else s for s in samples]
    yield "greyKey", png(2, 2, 8, GREY, samples, [(b"tRNS", struct.pack(">H", 8))]), 2, 2, 1, mixed
    samples = [(11 * i + i * i) % 256 for i in range(9 * 10)]
    yield "interlacedGrey", png(9, 10, 8, GREY, samples, interlaced=True), 9, 10, 1, samples
    samples = [(7 * i) % 256 for i in range(3 * 2 * 3)]
    yield "interlacedRGB", png(3, 2, 8, RGB, samples, interlaced=True), 3, 2, 3, samples
    before = [(b"tEXt", b"Title\0caf\xe9"), (b"zTXt", b"Comment\0\0" + zlib.compress(b"squeezed " * 9))]
    after = [(b"iTXt", b"Author\0\0\0de\0Autor\0" + "森 β".encode()), (b"tEXt", b"Empty\0")]
    yield "commented", png(1, 1, 8, GREY, [42], before, after), 1, 1, 1, [42]
    for name, width, height in [("huge", 900_000, 800_000), ("unfilled", 10_000, 10_000)]:
        header = struct.pack(">IIBBBBB", width, height, 8, GREY, 0, 0, 0)
        data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
        yield name, b"\x89PNG\r\n\x1a\n" + data, width, height, 1, []


def lines(text, indent):
    return "\n".join(textwrap.wrap(text, 106 - indent, initial_indent=" " * indent, subsequent_indent=" " * indent))


print("// Made by Tests/References/png_fixtures.py; change that, not this.\n")
print("import Testing\n")
print("struct PNGFixture: CustomTestStringConvertible, Sendable {")
print("  let name: String\n  /// The file, two hexadecimal digits a byte.\n  let hex: String")
print("  let width: Int\n  let height: Int\n  let channels: Int")
print("  /// What a reader must get: `[height, width, channels]`.\n  let pixels: [UInt8]\n")
print("  var testDescription: String { name }\n")
print("  static let all = [")
for name, file, width, height, channels, pixels in fixtures():
    digits = file.hex()
    pieces = [digits[i : i + 96] for i in range(0, len(digits), 96)]
    print("    PNGFixture(")
    print(f'      name: "{name}",\n      hex: """')
    print("\n".join(f"        {piece}\\" for piece in pieces)[:-1])
    print('        """,')
    print(f"      width: {width}, height: {height}, channels: {channels},")
    if pixels:
        print("      pixels: [")
        print(lines(", ".join(map(str, pixels)) + ("," if len(pixels) > 1 else ""), 8))
        print("      ]),")
    else:
        print("      pixels: []),")
print("  ]\n}")
