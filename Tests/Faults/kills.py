"""The program killed at every call in turn: what a person does then must end in the undisturbed bytes."""

from pathlib import PurePath

from trial import is_leftover


def trials(scenarios, chance, pairs):
    """Each call of each scenario; writes also half done; and `pairs` of a kill and another one during the recovery
    from it. Yields (description, trial); a trial returns what is wrong, or nothing."""
    for scenario in scenarios:
        yield f"power cut: {scenario.name}", lambda s=scenario: not_synced(s)
        for call in scenario.calls:
            yield f"kill: {scenario.name}, {call}", lambda s=scenario, c=call: killed(s, c, "kill")
            if call.name == "write" and scenario.is_edge(call):
                yield f"kill in half a write: {scenario.name}, {call}", lambda s=scenario, c=call: killed(s, c, "torn")
    train = scenarios[0]
    for _ in range(pairs):
        first, second = chance.choice(train.calls), chance.choice(train.calls).number
        yield f"kill twice: {first}, then call {second}", lambda f=first, s=second: killed_twice(train, f, s)


def killed(scenario, call, kind):
    outcome = scenario.start(at=call.number, kind=kind)
    if outcome.status != -9 or outcome.stuck:
        return f"was to be killed, but: {outcome.ending}"
    return torn(scenario) or scenario.recover()


def killed_twice(train, first, second):
    train.start(at=first.number, kind="kill")
    for command in train.recoveries:
        outcome = train.bench.run(command, at=second, kind="kill")
        if outcome.status in (0, -9):
            break
    return torn(train) or train.recover()


def torn(scenario):
    """Files that are neither whole nor temporary; they may be of any time."""
    for path, content in scenario.bench.contents().items():
        if not is_leftover(path) and content not in scenario.versions.get(path, ()):
            return f"{path} is neither an earlier nor the new content"
    return ""


def not_synced(scenario):
    """What a power cut could take although the program goes on as if it were there: a file that has got its name
    before its content was on disk, a name or a folder before the folder that it is in."""
    written, waiting = set(), {}
    for call in scenario.calls:
        folder = str(PurePath(call.path).parent)
        if call.name in ("create", "write"):
            written.add(call.path)
        elif call.name == "fsync" and call.path in written:
            written.discard(call.path)
        elif call.name == "fsync":
            waiting = {name: where for name, where in waiting.items() if where != call.path}
        elif call.name in ("rename", "mkdir"):
            # Of a folder: all that is in it.
            before = PurePath(folder) / "temporary"
            if call.name == "rename" and any(before in [PurePath(path), *PurePath(path).parents] for path in written):
                return f"{call}: its content is not synced"
            if elsewhere := [name for name, where in waiting.items() if where != folder and call.name == "rename"]:
                return f"{call}: the folder of {elsewhere[0]} is not synced"
            # A temporary folder's own name is nobody's loss.
            if not call.path.endswith("temporary"):
                waiting[call.path] = folder
    return f"the folder of {next(iter(waiting))} is not synced" if waiting else ""
