"""Flipped bits and cut ends of files: noticed in one line, or without any influence on the result."""

import gzip
import shutil
import struct

from trial import Scenario, TRAIN, differences

HEADERS = 8  # where the tensors of a safetensors file begin: the length in its first bytes, and these bytes
SAMPLED = 300  # places in a file's data
CUTS = 40  # lengths to cut a file to


def trials(bench, scenarios, chance):
    """Every byte of headers and of small files, sampled bits of data, sampled lengths."""
    by_name = {scenario.name: scenario for scenario in scenarios}
    resume, sample = by_name["resume"], by_name["sample"]
    packed = compressed(bench)
    for scenario, name in [
        (resume, "r/checkpoint.safetensors"), (resume, "r/model.safetensors"), (resume, "r/config.json"),
        (resume, "r/metrics.csv"), (resume, "d/train-images-idx3-ubyte"), (sample, "r/model.safetensors"),
        (by_name["encode"], "r/model.safetensors"), (packed, "d/train-images-idx3-ubyte.gz"),
    ]:
        content = (scenario.template / name).read_bytes()
        header = header_length(name, content)
        places = list(range(header))
        if header < len(content):
            places += [chance.randrange(header, len(content)) for _ in range(SAMPLED)]
        for place in places:
            bit = chance.randrange(8)
            damaged = bytearray(content)
            damaged[place] ^= 1 << bit
            words = f"damage: {scenario.name}, {name}, bit {bit} of byte {place}"
            yield words, lambda s=scenario, n=name, d=bytes(damaged): used(s, n, d)
        for length in {0, 1, header, len(content) - 1} | {chance.randrange(len(content)) for _ in range(CUTS)}:
            words = f"damage: {scenario.name}, {name}, cut to {length} bytes"
            yield words, lambda s=scenario, n=name, d=content[:length]: used(s, n, d)
    # Pixels that were trained on, all others: as many, of the same size, under the same name.
    name = "d/train-images-idx3-ubyte"
    other = content_of(resume, name)
    yield "damage: resume, other pixels", lambda: used(resume, name, other[:16] + other[16:][::-1])
    yield "damage: resume, the checkpoint before it in its place", lambda: gone_back(resume)


def gone_back(resume):
    """What a damaged checkpoint's error tells a person to do."""
    resume.bench.set_up(resume.template)
    run = resume.bench.here / "r"
    (run / "checkpoint.previous.safetensors").rename(run / "checkpoint.safetensors")
    return resume.recover()


def content_of(scenario, name):
    return (scenario.template / name).read_bytes()


def header_length(name, content):
    if name.endswith(".safetensors"):
        return HEADERS + struct.unpack("<Q", content[:HEADERS])[0]
    return 16 if name.endswith("ubyte") else 24 if name.endswith(".gz") else len(content)


def compressed(bench):
    """Training on a gzip file, as most of what people have is."""
    template = bench.work / "templates" / "compressed"
    (template / "d").mkdir(parents=True)
    source = bench.work / "templates" / "data" / "d" / "train-images-idx3-ubyte"
    (template / "d" / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(source.read_bytes(), mtime=0))
    return Scenario("train on gzip", bench, template, TRAIN, [TRAIN])


def used(scenario, name, damaged):
    """What is wrong with what the program does when it meets `damaged` in place of the file `name`."""
    bench = scenario.bench
    bench.set_up(scenario.template)
    (bench.here / name).write_bytes(damaged)
    before = bench.contents()
    outcome = bench.run(scenario.command)
    if outcome.stuck or outcome.status < 0:
        return outcome.ending
    after = bench.contents()
    if outcome.status == 0:
        expected = dict(scenario.end)
        if name.startswith("d/") or after.get(name) == before[name]:
            expected[name] = before[name]
        wrong = differences(after, expected)
        return f"not noticed: {wrong}" if wrong else ""
    if outcome.errors.count("\n") != 1:
        return f"not one line: {outcome.errors!r}"
    if outcome.status not in (65, 66):
        return outcome.ending
    if name == "r/checkpoint.safetensors" and "checkpoint.previous.safetensors" not in outcome.errors:
        return f"does not name the checkpoint before it: {outcome.errors.strip()}"
    if changed := differences(after, before):
        return f"refused ({outcome.errors.strip()[:120]}), yet {changed}"
    return ""
