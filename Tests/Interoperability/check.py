"""Compares what Selva makes of other programs' files, and what they make of its, number by number.

    python3 check.py SELVA FOLDER

FOLDER is made. Exit status 1 where anything differs. Needs Pillow, NumPy and pandas.
"""

import io
import struct
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

SELVA, WORK = sys.argv[1], Path(sys.argv[2])
DATA = Path(__file__).resolve().parents[2] / "data"
RANDOM = np.random.default_rng(7)
failures = 0


def selva(*arguments, status=0):
    done = subprocess.run([SELVA, *map(str, arguments)], cwd=WORK, capture_output=True, text=True)
    if done.returncode != status:
        sys.exit(f"selva {' '.join(map(str, arguments))}: status {done.returncode}\n{done.stderr}")
    return done


def read_idx(path):
    """Of a plain IDX file of bytes, the element type and sizes checked by hand."""
    content = Path(path).read_bytes()
    zero, kind, rank = struct.unpack(">HBB", content[:4])
    assert zero == 0 and kind == 8, content[:4]
    sizes = struct.unpack(f">{rank}I", content[4:4 + 4 * rank])
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(sizes)


def images(folder, part="train"):
    found = list((WORK / folder).glob(f"{part}-images-idx*-ubyte"))
    assert len(found) == 1, found
    return read_idx(found[0])


def compare(what, found, expected, within=0):
    global failures
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        print(f"FAILED {what}: shapes {found.shape} and {expected.shape}")
        failures += 1
        return
    difference = np.abs(found.astype(np.float64) - expected.astype(np.float64)).max() if found.size else 0
    print(f"{'ok    ' if difference <= within else 'FAILED'} {what}: greatest difference {difference:g} (allowed {within})")
    failures += difference > within


def import_one(path, *options):
    """The one image that Selva makes of a file."""
    name = f"set-{import_one.count}"
    import_one.count += 1
    selva("data", "import", path, "-o", name, "--strict", *options)
    return images(name)[0]


import_one.count = 0


def picture(width=37, height=23, channels=3):
    """Smooth, so that JPEG keeps it, with something sharp on it."""
    y, x = np.mgrid[:height, :width]
    planes = [127 + 120 * np.sin(x / (5 + c) + c) * np.cos(y / (7 - c)) for c in range(channels)]
    array = np.stack(planes, -1).round().astype(np.uint8)
    array[5:9, 10:20] = 255
    return array


def over(rgba, background):
    """Rounded as exactly as numbers allow."""
    colour, alpha = rgba[..., :-1].astype(float), rgba[..., -1:].astype(float) / 255
    return np.floor(colour * alpha + np.array(background) * (1 - alpha) + 0.5)


def png_kinds():
    rgb, grey = picture(), picture(channels=1)[..., 0]
    alpha = picture(channels=4)
    save = lambda image, name, **more: (image.save(WORK / name, **more), name)[1]
    compare("PNG, RGB", import_one(save(Image.fromarray(rgb), "rgb.png")), rgb)
    compare("PNG, grey", import_one(save(Image.fromarray(grey), "grey.png")), grey)
    for bits in [1, 2, 4, 8]:
        palette = Image.fromarray(rgb).quantize(2**bits)
        path = save(palette, f"palette{bits}.png", bits=bits)
        compare(f"PNG, palette of {bits} bits", import_one(path), np.asarray(palette.convert("RGB")))
    bilevel = Image.fromarray(grey).convert("1")
    compare("PNG, 1 bit", import_one(save(bilevel, "bilevel.png")), np.asarray(bilevel) * 255)
    wide = RANDOM.integers(0, 65536, (23, 37)).astype(np.uint16)
    compare("PNG, 16 bits", import_one(save(Image.fromarray(wide), "wide.png")), np.round(wide / 257), 1)
    for background, value in [("black", [0, 0, 0]), ("white", [255, 255, 255]), ("#204080", [32, 64, 128])]:
        path = save(Image.fromarray(alpha, "RGBA"), "alpha.png")
        compare(f"PNG, RGBA over {background}", import_one(path, "--background", background), over(alpha, value), 1)
    two = np.stack([grey, picture(channels=2)[..., 1]], -1)
    path = save(Image.fromarray(two, "LA"), "two.png")
    compare("PNG, grey and alpha", import_one(path), over(two, [0])[..., 0], 1)
    palette = Image.fromarray(rgb).quantize(16)
    path = save(palette, "clear.png", transparency=3)
    expected = np.asarray(Image.open(WORK / path).convert("RGBA"))
    compare("PNG, palette with a clear colour", import_one(path, "--background", "white"), over(expected, [255] * 3), 1)
    (WORK / "interlaced.png").write_bytes(interlaced(rgb))
    compare("PNG, interlaced", import_one("interlaced.png"), np.asarray(Image.open(WORK / "interlaced.png")))
    compare("PNG, interlaced, against what went in", import_one("interlaced.png"), rgb)
    compare("--grey", import_one("rgb.png", "--grey"), np.asarray(Image.fromarray(rgb).convert("L")))
    compare("--invert", import_one("grey.png", "--invert"), 255 - grey)
    compare("--transpose", import_one("rgb.png", "--transpose"), rgb.transpose(1, 0, 2))


def interlaced(rgb):
    """An Adam7 PNG, by hand, since Pillow writes none."""
    import zlib

    height, width, _ = rgb.shape
    rows = b""
    for x0, y0, dx, dy in [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]:
        part = rgb[y0::dy, x0::dx]
        if part.size:
            rows += b"".join(b"\0" + row.tobytes() for row in part)
    chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def jpeg_kinds():
    rgb, grey = picture(48, 32), picture(48, 32, 1)[..., 0]

    def check(what, image, name="a.jpg", **more):
        image.save(WORK / name, "JPEG", **more)
        expected = Image.open(WORK / name)
        expected = expected if expected.mode in ("L", "RGB") else expected.convert("RGB")
        compare(f"JPEG, {what}", import_one(name), np.asarray(expected), 2)

    check("grey", Image.fromarray(grey), quality=95)
    check("colour", Image.fromarray(rgb), quality=95, subsampling=0)
    check("subsampled", Image.fromarray(rgb), quality=80, subsampling=2)
    check("progressive", Image.fromarray(rgb), quality=80, progressive=True)
    check("CMYK", Image.fromarray(picture(48, 32, 4), "CMYK"), quality=95)
    check("called .png", Image.fromarray(rgb), "jpeg.png", quality=90)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(rgb).save(WORK / "turned.jpg", exif=exif, quality=95)
        from PIL import ImageOps

        expected = ImageOps.exif_transpose(Image.open(WORK / "turned.jpg"))
        compare(f"JPEG, EXIF orientation {orientation}", import_one("turned.jpg"), np.asarray(expected), 2)


def areas(old, new):
    """The matrix that takes means over areas, or lines between the middles of pixels."""
    matrix = np.zeros((new, old))
    scale = old / new
    for place in range(new):
        if scale >= 1:
            for pixel in range(old):
                matrix[place, pixel] = max(0, min(pixel + 1, (place + 1) * scale) - max(pixel, place * scale)) / scale
        else:
            middle = (place + 0.5) * scale - 0.5
            low = int(np.floor(middle))
            for pixel, weight in [(low, 1 - (middle - low)), (low + 1, middle - low)]:
                matrix[place, min(max(pixel, 0), old - 1)] += weight
    return matrix


def sizes():
    grey = RANDOM.integers(0, 256, (30, 40)).astype(np.uint8)
    Image.fromarray(grey).save(WORK / "noise.png")
    image = Image.fromarray(grey)
    stretch = ("--fit", "stretch")
    small = np.asarray(image.resize((20, 10), Image.BOX))
    compare("--size, whole pixels, against Pillow's box", import_one("noise.png", "--size", "20x10", *stretch), small, 1)
    large = np.asarray(image.resize((100, 90), Image.BILINEAR))
    compare("--size, larger, against Pillow's bilinear", import_one("noise.png", "--size", "100x90", *stretch), large, 1)
    for width, height in [(17, 13), (28, 28), (50, 7)]:
        expected = areas(30, height) @ grey @ areas(40, width).T
        found = import_one("noise.png", "--size", f"{width}x{height}", *stretch)
        compare(f"--size {width}x{height}, against NumPy", found, expected, 0.51)
    middle = grey[:, 5:35]
    compare("--fit crop", import_one("noise.png", "--size", "28"), areas(30, 28) @ middle @ areas(30, 28).T, 0.51)
    inner = areas(30, 21) @ grey @ areas(40, 28).T
    expected = np.full((28, 28), 255.0)
    expected[3:24] = inner
    compare("--fit pad", import_one("noise.png", "--size", "28", "--fit", "pad", "--background", "white"), expected, 0.51)


def archives():
    folder = WORK / "animals"
    for label in ["cat", "dog", "Ünder 10"]:
        (folder / label).mkdir(parents=True)
        for index in [1, 2, 10]:
            Image.fromarray(RANDOM.integers(0, 256, (12, 9)).astype(np.uint8)).save(folder / label / f"{index}.png")
    (folder / "cat" / "3.png").write_bytes((folder / "cat" / "1.png").read_bytes()[:60])
    told = selva("data", "import", "animals", "-o", "from-folder").stderr
    compare("a broken picture is named", "animals/cat/3.png" in told, True)
    compare("and all others are there", images("from-folder").shape, (9, 12, 9))
    files = [path for path in sorted(folder.rglob("*"), reverse=True) if path.is_file()]
    with zipfile.ZipFile(WORK / "animals.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.relative_to(WORK))
    for ending in ["gz", "xz", "bz2"]:
        with tarfile.open(WORK / f"animals.tar.{ending}", f"w:{ending}") as archive:
            for path in files:
                archive.add(path, path.relative_to(WORK))
    for name in ["animals.zip", "animals.tar.gz", "animals.tar.xz", "animals.tar.bz2"]:
        selva("data", "import", name, "-o", f"from-{name}")
        compare(f"{name}: images", images(f"from-{name}"), images("from-folder"))
        for text in ["labels.txt", "train-names.txt"]:
            same = (WORK / f"from-{name}" / text).read_text() == (WORK / "from-folder" / text).read_text()
            compare(f"{name}: {text}", same, True)
    labels = read_idx(WORK / "from-folder" / "train-labels-idx1-ubyte")
    compare("labels of folders", labels, [0, 0, 0, 1, 1, 1, 2, 2, 2])


def arrays():
    grey = RANDOM.integers(0, 256, (11, 9, 7)).astype(np.uint8)
    colour = RANDOM.integers(0, 256, (5, 9, 7, 3)).astype(np.uint8)
    labels = RANDOM.integers(0, 10, 11)

    def check(what, array, expected, *options, within=0):
        np.save(WORK / "a.npy", array)
        selva("data", "import", "a.npy", "-o", f"npy {what}", "--strict", *options)
        compare(f".npy, {what}", images(f"npy {what}"), expected, within)

    check("bytes", grey, grey)
    check("colour", colour, colour)
    check("channels first", colour.transpose(0, 3, 1, 2), colour)
    check("Fortran order", np.asfortranarray(colour), colour)
    check("floats", grey.astype(np.float32) / 255, grey)
    check("doubles, big-endian", (grey / 255).astype(">f8"), grey)
    check("halves", (grey / 255).astype(np.float16), grey, within=1)
    check("int64", grey.astype(np.int64), grey)
    square = grey[:, :7].reshape(11, 49)
    check("rows of pixels", square, grey[:, :7])
    check("rows of pixels with --size", grey.reshape(11, 63), grey, "--size", "7x9")
    np.savez(WORK / "one.npz", images=grey, labels=labels)
    np.savez_compressed(WORK / "keras.npz", x_train=grey, y_train=labels, x_test=grey[:4], y_test=labels[:4])
    np.savez(WORK / "medmnist.npz", train_images=colour, train_labels=labels[:5, None], test_images=colour[:2], test_labels=labels[:2, None])
    for name, train, test in [("one", grey, None), ("keras", grey, grey[:4]), ("medmnist", colour, colour[:2])]:
        selva("data", "import", f"{name}.npz", "-o", f"npz-{name}", "--strict")
        compare(f".npz as {name}", images(f"npz-{name}"), train)
        compare(f".npz as {name}, labels", read_idx(WORK / f"npz-{name}/train-labels-idx1-ubyte"), labels[:len(train)])
        if test is not None:
            compare(f".npz as {name}, test", images(f"npz-{name}", "t10k"), test)
            compare(f".npz as {name}, test labels", read_idx(WORK / f"npz-{name}/t10k-labels-idx1-ubyte"), labels[:len(test)])


def tables():
    pixels = RANDOM.integers(0, 256, (8, 36)).astype(np.uint8)
    labels = RANDOM.integers(0, 10, 8)
    frame = pd.DataFrame(pixels, columns=[f"pixel{i}" for i in range(36)])
    frame.insert(0, "label", labels)
    forms = {
        "with names and labels": dict(index=False),
        "with an index": dict(),
        "without names": dict(index=False, header=False),
    }
    for what, options in forms.items():
        frame.to_csv(WORK / "a.csv", **options)
        selva("data", "import", "a.csv", "-o", f"csv {what}", "--strict")
        compare(f"CSV {what}", images(f"csv {what}"), pixels.reshape(8, 6, 6))
        compare(f"CSV {what}, labels", read_idx(WORK / f"csv {what}/train-labels-idx1-ubyte"), labels)
    frame.drop(columns="label").to_csv(WORK / "b.csv", index=False)
    selva("data", "import", "b.csv", "-o", "csv-test", "--strict")
    compare("CSV as Kaggle's test.csv", images("csv-test"), pixels.reshape(8, 6, 6))
    compare("no labels then", (WORK / "csv-test/train-labels-idx1-ubyte").exists(), False)
    frame.to_csv(WORK / "c.csv.gz", index=False)
    selva("data", "import", "c.csv.gz", "-o", "csv-gz", "--size", "9x4", "--strict")
    compare("CSV in gzip with --size", images("csv-gz"), pixels.reshape(8, 4, 9))


def out_again():
    """What Selva writes."""
    import gzip

    digits = {}
    for part in ["train", "test"]:
        content = gzip.decompress((DATA / f"{part}-images-idx3-ubyte.gz").read_bytes())
        digits[part] = np.frombuffer(content, np.uint8, offset=16).reshape(-1, 28, 28)
        content = gzip.decompress((DATA / f"{part}-labels-idx1-ubyte.gz").read_bytes())
        digits[part + " labels"] = np.frombuffer(content, np.uint8, offset=8)
    selva("data", "export", DATA, "-o", "digits.npz")
    with np.load(WORK / "digits.npz") as archive:
        for part in ["train", "test"]:
            compare(f"export -o .npz, x_{part}", archive[f"x_{part}"], digits[part])
            compare(f"export -o .npz, y_{part}", archive[f"y_{part}"], digits[part + " labels"])
    selva("data", "export", DATA, "--part", "test", "-o", "digits.npy")
    compare("export -o .npy", np.load(WORK / "digits.npy"), digits["test"])
    selva("data", "export", DATA, "-o", "digits")
    for index in [0, 17, 499]:
        label = digits["test labels"][index]
        found = np.asarray(Image.open(WORK / f"digits/test/{label}/{index:03}.png"))
        compare(f"export -o folder, test image {index}", found, digits["test"][index])
    for source in ["digits", "digits.npz"]:
        selva("data", "import", source, "-o", f"again-{source}", "--strict")
        for part, name in [("train", "train"), ("test", "t10k")]:
            compare(f"{source} in again, {part}", images(f"again-{source}", name), digits[part])
            found = read_idx(WORK / f"again-{source}/{name}-labels-idx1-ubyte")
            compare(f"{source} in again, {part} labels", found, digits[part + " labels"])


def latents():
    selva("train", "--data", DATA, "--output", "run", "--epochs", "1", "--hidden", "16", "--latent", "4", "--quiet")
    encode = ["encode", "run", "--data", DATA, "--limit", "50"]
    selva(*encode, "-o", "z.csv", "--log-variances")
    selva(*encode, "-o", "z.npz")
    frame = pd.read_csv(WORK / "z.csv")
    with np.load(WORK / "z.npz") as archive:
        compare("encode -o .npz, z", archive["z"], frame[[f"z{i}" for i in range(4)]].to_numpy(np.float32))
        compare("encode -o .npz, mean", archive["mean"], archive["z"])
        compare(
            "encode -o .npz, log variances", archive["log_variance"],
            frame[[f"log_variance{i}" for i in range(4)]].to_numpy(np.float32))
        compare("encode -o .npz, labels", archive["labels"], frame["label"])
        np.savez_compressed(WORK / "y.npz", z=archive["z"].astype(np.float64), labels=archive["labels"])
    selva("decode", "z.csv", "run", "-o", "csv.npy")
    for name in ["z.npz", "y.npz"]:
        selva("decode", name, "run", "-o", "npz.npy")
        compare(f"decode {name}", np.load(WORK / "npz.npy"), np.load(WORK / "csv.npy"))


WORK.mkdir(parents=True)
for check in [png_kinds, jpeg_kinds, sizes, archives, arrays, tables, out_again, latents]:
    check()
print("all agree" if not failures else f"{failures} differ")
sys.exit(1 if failures else 0)
