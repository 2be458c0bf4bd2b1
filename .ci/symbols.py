"""Names each public symbol of a module that has no comment, and each type that its catalogue puts under no topic; fails where
there is one.

    symbols.py MODULE SYMBOL-GRAPHS [CATALOGUE]
"""

import json
import pathlib
import sys


def symbols(folder):
    for path in sorted(pathlib.Path(folder).glob("*.symbols.json")):
        for symbol in json.loads(path.read_text())["symbols"]:
            # An extension of a type that is documented elsewhere says what its members say.
            if symbol["kind"]["identifier"] != "swift.extension":
                yield symbol


def fault(symbol, landing):
    """What is wrong with a symbol; None where nothing is."""
    lines = [line["text"].strip() for line in symbol.get("docComment", {"lines": []})["lines"]]
    first = next((line for line in lines if line), None)
    if first is None:
        return "has no comment"
    if first.startswith("- "):
        return "has no summary before its parameters"
    names = symbol["pathComponents"]
    if landing is not None and len(names) == 1 and f"- ``{names[0]}``\n" not in landing:
        return "is under no topic"
    return None


module, folder = sys.argv[1:3]
landing = pathlib.Path(sys.argv[3], f"{module}.md").read_text() if len(sys.argv) > 3 else None
faults = []
for symbol in symbols(folder):
    found = fault(symbol, landing)
    if found:
        place = symbol.get("location", {"uri": module, "position": {"line": 0}})
        where = f"{place['uri'].removeprefix('file://')}:{place['position']['line'] + 1}"
        faults.append(f"{where}: {'.'.join(symbol['pathComponents'])} {found}")
print("\n".join(sorted(faults)) or f"{module}: every public name has a comment" + (" and a topic" if landing else ""))
sys.exit(1 if faults else 0)
