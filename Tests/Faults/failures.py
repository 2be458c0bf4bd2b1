"""Calls that fail, one after the other: the program says so in one line and leaves every file whole, or does without."""

import errno
import os

from trial import is_leftover

FAILING = {
    "create": ["ENOSPC", "EIO", "EACCES", "EMFILE", "EROFS"],
    "write": ["ENOSPC", "EIO", "EDQUOT", "EINTR", "short", "fill"],
    "fsync": ["ENOSPC", "EIO"],
    "rename": ["ENOSPC", "EIO", "EACCES"],
    "link": ["ENOSPC", "EIO", "EPERM"],
    "mkdir": ["ENOSPC", "EIO", "EACCES"],
    "truncate": ["EIO"],
    "allocate": ["ENOSPC"],
    "unlink": ["EIO", "EACCES"],
    "rmdir": ["EIO"],
    "chmod": ["EPERM"],
    "close": ["EIO"],
    "open": ["EACCES", "EIO", "EMFILE", "EINTR"],
    "opendir": ["EACCES", "EMFILE"],
    "read": ["EIO", "EINTR"],
    "mmap": ["ENOMEM", "EACCES"],
    "stat": ["EACCES", "EIO"],
    "flock": ["ENOLCK", "EINTR"],
    "realpath": ["EACCES", "EIO"],
    "readlink": ["EIO"],
    "access": ["EACCES"],
}
# These ask for another try or for the rest: a program that ends because of them is at fault.
TO_BE_SURVIVED = {("write", "EINTR"), ("write", "short"), ("read", "EINTR")}
# Where there is room or a working disk again only after a person has seen to it.
LASTING = {"ENOSPC", "EIO", "EDQUOT", "EROFS"}


def trials(scenarios):
    for scenario in scenarios:
        for call in scenario.calls:
            for name in FAILING[call.name] if scenario.is_edge(call) else ["ENOSPC"]:
                for lasting in [False, True] if call.changes and name in LASTING else [False]:
                    words = f"{name} {'from then on' if lasting else 'once'}"
                    yield (
                        f"fail: {scenario.name}, {call}, {words}",
                        lambda s=scenario, c=call, n=name, l=lasting: failed(s, c, n, l))


def failed(scenario, call, name, lasting):
    code = getattr(errno, name, None)
    outcome = scenario.start(at=call.number, kind=code or name, lasting=lasting)
    if outcome.stuck or outcome.status < 0:
        return outcome.ending
    if outcome.status == 0:
        return done(scenario, call, name, outcome)
    if (call.name, name) in TO_BE_SURVIVED:
        return f"gives up: {outcome.ending}"
    code = code or errno.ENOSPC
    return said(scenario, call, code, outcome) or whole(scenario, call) or scenario.recover()


def done(scenario, call, name, outcome):
    """Where the program goes on, nothing may show."""
    if outcome.errors.count("\n") > 1:
        return f"says more than a line: {outcome.errors!r}"
    wrong = []
    contents = scenario.bench.contents()
    for path in set(contents) | set(scenario.end):
        # What could not be removed stays.
        if call.name in ("unlink", "rmdir") and is_leftover(path):
            continue
        if path not in contents or path not in scenario.end or contents[path] != scenario.end[path]:
            wrong.append(path)
    return f"ends well, but not as undisturbed: {', '.join(sorted(wrong)[:6])}" if wrong else ""


def said(scenario, call, code, outcome):
    """One line with the path, the reason and a fitting status."""
    if outcome.errors.count("\n") != 1:
        return f"not one line: {outcome.errors!r}"
    fitting = (73, 74) if call.changes else (65, 66, 73, 74)
    if outcome.status not in fitting:
        return outcome.ending
    if call.changes and os.strerror(code) not in outcome.errors:
        return f"the reason, {os.strerror(code)}, is not in: {outcome.errors.strip()}"
    # A temporary file goes by the name of what it becomes; what cannot be looked at, by that of its folder.
    names = {other.path for other in scenario.calls if other.name in ("rename", "mkdir")} | {call.path.split("/")[0]}
    if not any(name in outcome.errors for name in names):
        return f"no path of {', '.join(sorted(names))} is in: {outcome.errors.strip()}"
    return ""


def whole(scenario, call):
    for path, content in scenario.bench.contents().items():
        if is_leftover(path):
            # The very call that was to remove it failed.
            if call.name not in ("unlink", "rmdir"):
                return f"{path} is left over"
        elif content not in scenario.versions.get(path, ()) and not opens(scenario, path):
            return f"{path} is neither the earlier nor the new content"
    return ""


def opens(scenario, path):
    """A checkpoint and its model may be of their own, made because of the fault; their checksum is right where they can
    be read."""
    return path.endswith(".safetensors") and scenario.bench.run(["inspect", path]).status == 0
