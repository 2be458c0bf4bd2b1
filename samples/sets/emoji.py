#!/usr/bin/python3
"""Makes a set of colour images, 64 x 64, of the emoji in Noto Color Emoji:

    apt-get install fonts-noto-color-emoji unicode-data python3-pil
    /usr/bin/python3 emoji.py FOLDER

Writes FOLDER/emoji-images-idx4-ubyte.gz (count, 64, 64, 3), FOLDER/emoji-labels-idx1-ubyte.gz and FOLDER/emoji.txt,
which has a line for each image: its number, its label, the kind that this stands for, the emoji and its name. Kinds are
the subgroups of Unicode's list ("hand-fingers-open", "food-fruit"), those of faces taken together. The order is
Unicode's.

Skin tones are left out, since they would make five near copies of every hand, and so are flags, whose pictures share
nothing with the others. Emoji of which the font has no picture of one glyph, and pictures that came before, are left
out too.
"""

import os
import sys

from PIL import Image, ImageDraw, ImageFont

import idx

FONT = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
EMOJI = "/usr/share/unicode/emoji/emoji-test.txt"
LEFT_OUT = {"Component", "Flags"}
SKIN_TONES = {chr(code) for code in range(0x1F3FB, 0x1F400)}
SIZE = 109  # The one size that the font has pictures of: 136 x 128 pixels, of which it leaves some at the sides blank.
REACH = 128
CANVAS = (400, 160)


def listed():
    """The emoji that are not left out: text, kind, name."""
    with open(EMOJI, encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("# group: "):
                group = line[len("# group: "):].strip()
            elif line.startswith("# subgroup: "):
                kind = line[len("# subgroup: "):].strip()
                kind = "face" if kind.startswith("face-") else kind
            elif "; fully-qualified" in line and group not in LEFT_OUT:
                codes, comment = line.split(";", 1)
                text = "".join(chr(int(code, 16)) for code in codes.split())
                if not SKIN_TONES & set(text):
                    yield text, kind, comment.split("#", 1)[1].split(" ", 3)[3].strip()


def drawn(font, text):
    """The emoji's picture on white, or None."""
    canvas = Image.new("RGBA", CANVAS, (255, 255, 255, 0))
    ImageDraw.Draw(canvas).text((0, 0), text, font=font, embedded_color=True)
    box = canvas.getchannel("A").getbbox()
    # What the font does not join comes out as several glyphs, one beside the other.
    if box is None or font.getlength(text) > 1.3 * SIZE:
        return None
    picture = canvas.crop(box)
    ground = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(ground, picture).convert("RGB")


def main(folder):
    font = ImageFont.truetype(FONT, SIZE, layout_engine=ImageFont.Layout.RAQM)
    seen = {None}
    kinds, lines, images, labels = {}, [], [], []
    for text, kind, name in listed():
        picture = drawn(font, text)
        # All at one scale, by the font's own square, so that small things stay small.
        image = idx.fitted(picture, reach=REACH).tobytes() if picture else None
        if image in seen:
            continue
        seen.add(image)
        labels.append(kinds.setdefault(kind, len(kinds)))
        lines.append(f"{len(images)}\t{labels[-1]}\t{kind}\t{text}\t{name}\n")
        images.append(image)
    path = idx.write(folder, "emoji-images", (len(images), idx.SIDE, idx.SIDE, 3), b"".join(images))
    idx.write(folder, "emoji-labels", (len(labels),), bytes(labels))
    with open(os.path.join(folder, "emoji.txt"), "w", encoding="utf-8") as file:
        file.writelines(lines)
    print(f"{path}: {len(images)} images of {len(kinds)} kinds", file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
