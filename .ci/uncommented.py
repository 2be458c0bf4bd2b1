"""Names each public symbol in these symbol graphs that has no comment, and fails where there is one."""

import json
import sys

uncommented = []
for path in sys.argv[1:]:
    with open(path) as file:
        for symbol in json.load(file)["symbols"]:
            # An extension of a type that is documented elsewhere says what its members say.
            if symbol["kind"]["identifier"] == "swift.extension":
                continue
            lines = symbol.get("docComment", {"lines": []})["lines"]
            if not any(line["text"].strip() for line in lines):
                place = symbol.get("location", {"uri": path, "position": {"line": 0}})
                where = f"{place['uri'].removeprefix('file://')}:{place['position']['line'] + 1}"
                uncommented.append(f"{where}: {'.'.join(symbol['pathComponents'])} has no comment")
print("\n".join(sorted(uncommented)) or "every public name has a comment")
sys.exit(1 if uncommented else 0)
