"""Compares pictures of every kind as other programs open them: see `pictures` beside this file.

    python3 Tests/Interoperability/pictures.py SELVA DATA FOLDER

Needs Pillow, NumPy, rsvg-convert, pdftoppm, sixel2png and Chromium. FOLDER takes what is made.
"""

import base64
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import numpy as np
from PIL import Image

SELVA, DATA, WORK = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), Path(sys.argv[3]).resolve()


def selva(*arguments):
    """Runs a command; returns what it said of its picture: width, height, and frames if there are any."""
    command = [SELVA, *map(str, arguments)]
    result = subprocess.run(command, cwd=WORK, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{arguments}: {result.stderr}"
    said = re.search(r"^wrote .*, (\d+) x (\d+)(?:, (\d+) frames)?", result.stderr, re.MULTILINE)
    return tuple(int(value) if value else None for value in said.groups()) if said else None


def opened(name, mode):
    picture = Image.open(WORK / name)
    assert picture.format == "PNG" and picture.mode == mode, f"{name}: {picture.format}, {picture.mode}"
    return picture


def check_grids():
    """Sizes as they were said, a mode for grey and one for colour, the command in the text."""
    for name, line in {
        "samples.png": ["sample", "run"],
        "labels.png": ["sample", "labels"],
        "pairs.png": ["reconstruct", "run", "--data", DATA],
        "walk.png": ["interpolate", "run", "--data", DATA, "--indices", "3,8"],
        "plane.png": ["manifold", "run"],
        "components.png": ["traverse", "run"],
        "sheet.png": ["inspect", DATA, "--contact-sheet"],
    }.items():
        said = selva(*line, *([] if "--contact-sheet" in line else ["-o"]), name)
        picture = opened(name, "L")
        picture.load()
        assert picture.size == said[:2], f"{name}: {picture.size}, not {said}"
        assert min(picture.size) >= 600 or max(picture.size) > 1400, f"{name}: {picture.size} is small"
        assert picture.text["Selva command"].startswith("selva "), name
        print(f"{name}: {picture.size[0]} x {picture.size[1]}, {picture.mode}")


def frames(name):
    picture = opened(name, "L")
    shown = []
    for index in range(picture.n_frames):
        picture.seek(index)
        shown.append((np.array(picture.convert("L")), picture.info["duration"]))
    return shown


def check_animations():
    """Every frame of a walk against its own picture from selva decode, and an epoch's against its file."""
    said = selva(
        "interpolate", "run", "--data", DATA, "--between-labels", "3,8,0", "--closed", "--steps", 5, "--fps", 8,
        "--scale", 4, "--save-latents", "walk.csv", "-o", "walk.apng")
    selva("decode", "walk.csv", "run", "--separate", "cells", "--scale", 4)
    shown = frames("walk.apng")
    assert len(shown) == said[2] == 15 and {duration for _, duration in shown} == {125.0}
    for index, (pixels, _) in enumerate(shown):
        cell = np.array(Image.open(WORK / f"cells/{index:04}.png"))
        assert np.array_equal(pixels[2:-2, 2:-2], cell), f"frame {index} of the walk"
    print("walk.apng: 15 frames of 125 ms, each equal to its cell")

    said = selva("interpolate", "run", "--data", DATA, "--indices", "3,8", "--steps", 4, "-o", "back.apng")
    shown = frames("back.apng")
    assert len(shown) == said[2] == 6
    assert all(np.array_equal(shown[a][0], shown[b][0]) for a, b in [(1, 5), (2, 4)])
    assert not np.array_equal(shown[0][0], shown[3][0])
    said = selva("traverse", "run", "-o", "components.apng", "--steps", 5)
    assert len(frames("components.apng")) == said[2] == 8

    said = selva("plot", "run", "--samples", "--fps", 4, "-o", "learning.apng")
    shown = frames("learning.apng")
    epochs = sorted((WORK / "run/samples").glob("epoch-*.png"))
    assert len(shown) == said[2] == len(epochs) == 3
    for (pixels, _), path in zip(shown, epochs):
        assert np.array_equal(pixels, np.array(Image.open(path))), path
    assert [duration for _, duration in shown] == [250.0, 250.0, 2250.0]
    print("learning.apng: 3 frames, each equal to its epoch's file")


# Decodes every frame as a page would show it, and writes down its duration and the checksum of its grey levels.
PAGE = """<!doctype html><pre id="out"></pre><script>
(async () => {
  const bytes = Uint8Array.from(atob("DATA"), letter => letter.charCodeAt(0));
  const decoder = new ImageDecoder({data: bytes, type: "image/png"});
  await decoder.tracks.ready;
  await decoder.completed;
  const frames = [];
  for (let index = 0; index < decoder.tracks.selectedTrack.frameCount; index++) {
    const {image} = await decoder.decode({frameIndex: index});
    const canvas = new OffscreenCanvas(image.displayWidth, image.displayHeight).getContext("2d");
    canvas.drawImage(image, 0, 0);
    const pixels = canvas.getImageData(0, 0, image.displayWidth, image.displayHeight).data;
    let sum = 0;
    for (let i = 0; i < pixels.length; i += 4) sum = (sum * 31 + pixels[i]) % 1000000007;
    frames.push([image.duration / 1000, sum]);
  }
  document.getElementById("out").textContent =
    JSON.stringify({frames, repeats: decoder.tracks.selectedTrack.repetitionCount === Infinity});
})();
</script>"""


def chromium(*arguments):
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", *arguments]
    return subprocess.run(command, cwd=WORK, capture_output=True, text=True, check=True, timeout=120).stdout


def decoded():
    """What the page says in the end. Its clock runs ahead while it waits for frames, so it is given more and more."""
    for budget in [10**5, 10**6, 10**7, 10**8]:
        text = chromium(f"--virtual-time-budget={budget}", "--dump-dom", f"file://{WORK}/page.html")
        said = re.search(r'<pre id="out">(.*?)</pre>', text, re.DOTALL)[1]
        if said:
            return json.loads(said)
    raise AssertionError("Chromium decodes nothing")


def check_browser():
    """Animations frame by frame as Chromium decodes them, against Pillow; charts as it draws them."""
    for name in ["walk.apng", "learning.apng"]:
        page = PAGE.replace("DATA", base64.b64encode((WORK / name).read_bytes()).decode())
        (WORK / "page.html").write_text(page)
        found = decoded()
        expected = []
        for pixels, duration in frames(name):
            total = 0
            for level in pixels.flatten().tolist():
                total = (total * 31 + level) % 1000000007
            expected.append([duration, total])
        assert found == {"frames": expected, "repeats": True}, f"{name}: {found}, not {expected}"
        print(f"{name} by Chromium: {len(expected)} frames, each equal to Pillow's, for ever")
    for name in ["curves", "two-runs", "scatter", "layers"]:
        width, height = (side // 2 for side in Image.open(WORK / f"{name}.png").size)
        chromium(
            "--force-device-scale-factor=2", f"--window-size={width},{height}", f"--screenshot={name}-browser.png",
            f"file://{WORK}/{name}.svg")
        compare(name, "Chromium", WORK / f"{name}-browser.png")


def compare(name, program, picture):
    """How far another program's drawing is from our PNG: the mean distance of levels, and pixels far off."""
    ours = np.array(Image.open(WORK / f"{name}.png").convert("RGB")).astype(int)
    theirs = np.array(Image.open(picture).convert("RGB")).astype(int)
    assert ours.shape == theirs.shape, f"{name}: {theirs.shape} by {program}, not {ours.shape}"
    distance = np.abs(ours - theirs).max(axis=2)
    # Edges are smoothed by another rule in each program; a line or letter out of place is whole pixels off.
    mean, far = distance.mean(), (distance > 128).mean()
    print(f"{name} by {program}: mean distance {mean:.2f} levels, {100 * far:.2f} % of pixels far off")
    assert mean < 2.5 and far < 0.01, name
    blank = np.abs(ours - 255).max(axis=2).mean()
    assert blank > 3 * mean, f"{name}: as far from a blank sheet"


def check_charts():
    charts = {
        "curves": ["plot", "run"],
        "two-runs": ["plot", "run", "labels"],
        "scatter": ["scatter", "run", "--data", DATA],
        "pictures": ["scatter", "run", "--data", DATA, "--images"],
        "layers": ["inspect", "run", "--activations", "--data", DATA],
    }
    for name, line in charts.items():
        sizes = {ending: selva(*line, "-o", f"{name}.{ending}") for ending in ("png", "svg", "pdf")}
        picture = opened(f"{name}.png", "RGB")
        assert picture.size == sizes["png"][:2] == tuple(2 * side for side in sizes["svg"][:2]), name
        assert round(picture.info["dpi"][0]) == 192, name
        subprocess.run(["rsvg-convert", "-z", "2", f"{name}.svg", "-o", f"{name}-svg.png"], cwd=WORK, check=True)
        compare(name, "librsvg", WORK / f"{name}-svg.png")
        subprocess.run(
            ["pdftoppm", "-r", "192", "-png", "-singlefile", f"{name}.pdf", f"{name}-pdf"], cwd=WORK, check=True)
        compare(name, "poppler", WORK / f"{name}-pdf.png")


def shown(*arguments):
    """What a command writes to a terminal of 300 columns, of 3,000 pixels."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 300, 3000, 1000))
    command = [SELVA, *map(str, arguments)]
    with subprocess.Popen(command, cwd=WORK, stdout=slave, stderr=subprocess.DEVNULL) as program:
        os.close(slave)
        output = b""
        while True:
            try:
                part = os.read(master, 1 << 16)
            except OSError:
                break
            output += part
        assert program.wait() == 0, arguments
    os.close(master)
    return output.replace(b"\r\n", b"\n")


def check_sixels():
    """As libsixel's own program reads them: greys in 101 steps, charts in 256 colours; no side over 1,000."""
    for name, line in {"samples": ["sample", "run"], "curves": ["plot", "run"]}.items():
        (WORK / f"{name}.six").write_bytes(shown(*line, "--show=sixel"))
        subprocess.run(["sixel2png", "-i", f"{name}.six", "-o", f"{name}-six.png"], cwd=WORK, check=True)
        theirs = Image.open(WORK / f"{name}-six.png").convert("RGB")
        ours = Image.open(WORK / f"{name}.png").convert("RGB").resize(theirs.size, Image.Resampling.BOX)
        assert max(theirs.size) <= 1000, f"{name}: {theirs.size}"
        distance = np.abs(np.array(ours).astype(int) - np.array(theirs).astype(int)).mean()
        print(f"{name} by sixel2png: mean distance {distance:.2f} levels")
        assert distance < 2.5, name


def main():
    train = ["--data", DATA, "--epochs", 3, "--seed", 1, "--sample-every", 1, "--quiet"]
    selva("train", *train, "--latent", 2, "--output", "run")
    selva("train", *train, "--condition", "labels", "--output", "labels")
    for name, mode in {"samples": "L", "reconstructions": "L", "curves": "RGB"}.items():
        opened(f"run/{name}.png", mode).load()
    check_grids()
    check_animations()
    check_charts()
    check_browser()
    check_sixels()


if __name__ == "__main__":
    main()
