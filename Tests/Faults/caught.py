"""Whether the shim sees every call that changes files: what it logs beside what strace sees in the same run."""

import re
import shutil
import subprocess

from trial import plain

NAMES = {
    "write": "write", "pwrite64": "write", "writev": "write", "fsync": "fsync", "fdatasync": "fsync", "rename": "rename",
    "renameat": "rename", "renameat2": "rename", "link": "link", "linkat": "link", "mkdir": "mkdir", "mkdirat": "mkdir",
    "unlink": "unlink", "unlinkat": "unlink", "rmdir": "rmdir", "ftruncate": "truncate", "truncate": "truncate",
    "fallocate": "allocate", "fchmod": "chmod", "chmod": "chmod", "open": "create", "openat": "create", "creat": "create",
}


def missed(scenario):
    """What is wrong, or nothing."""
    if not shutil.which("strace"):
        print("strace is not here: not checked whether every call is caught")
        return ""
    bench = scenario.bench
    bench.set_up(scenario.template)
    trace = bench.work / "trace"
    # Under the shim too, for its clock; strace itself is not to be caught.
    environment = bench.environment({})
    preload = f"-ELD_PRELOAD={environment.pop('LD_PRELOAD')}"
    command = ["strace", preload, "-f", "-y", "-s", "0", "-o", trace, "-e", "trace=" + ",".join(NAMES)]
    command += [bench.program, *scenario.command]
    subprocess.run(command, cwd=bench.here, env=environment, check=True, capture_output=True)
    seen = [call for line in trace.read_text(errors="replace").splitlines() if (call := parsed(line, str(bench.here)))]
    logged = [(call.name, call.path) for call in scenario.calls if call.changes and call.name != "close"]
    if seen == logged:
        return ""
    place = next((i for i, pair in enumerate(zip(seen, logged)) if pair[0] != pair[1]), min(len(seen), len(logged)))
    parting = f"{seen[place : place + 1]} and {logged[place : place + 1]}"
    return f"strace sees {len(seen)} calls, the shim {len(logged)}; they part at {parting}"


def parsed(line, folder):
    """(name, path in the folder) of a line of strace, None for what lies elsewhere or changes nothing."""
    call = re.match(r"\d+\s+(\w+)\((.*)\)\s+= (-?\d+)", line)
    if not call:
        return None
    name, arguments = NAMES[call[1]], call[2]
    if name == "create" and not re.search(r"O_(WRONLY|RDWR|CREAT|TRUNC)", arguments):
        return None
    named = re.findall(r'"([^"]*)"', arguments)
    if name in ("write", "fsync", "truncate", "allocate", "chmod") and (descriptor := re.match(r"\d+<([^>]*)>", arguments)):
        path = descriptor[1]
    else:
        path = named[-1] if named else ""
    path = path if path.startswith("/") else f"{folder}/{path}"
    inside = path == folder or path.startswith(folder + "/")
    return (name, plain(path[len(folder) + 1 :] or ".")) if inside else None
