"""``chatmem doctor``: look at everything, and repair what is asked to be repaired."""

from __future__ import annotations

import click

from chatmem.cli.terminal import json_option, load, note, now, print_json, print_table
from chatmem.errors import StoreLocked


@click.command("doctor")
@click.option("--repair", "repairing", is_flag=True, help="Also repair what can be repaired.")
@json_option
def doctor_command(repairing: bool, as_json: bool) -> int:
    """Check the database, the invariants of memory, the index, the files and this machine.

    Changes nothing without --repair. The exit code is 1 when something is wrong.
    """
    from chatmem import doctor
    from chatmem.store import Store

    paths, settings = load()
    try:
        store = Store.open(paths, settings.profile, now)
    except StoreLocked:
        if repairing:
            raise
        store = Store.open(paths, settings.profile, now, read_only=True)
    try:
        findings = doctor.checks(store, None, paths)
        done: list[str] = []
        if repairing and (wanted := {finding.repair for finding in findings if finding.repair}):
            done = doctor.repair(store, None, paths, wanted)
            findings = doctor.checks(store, None, paths)
    finally:
        store.close()
    if as_json:
        print_json({"findings": [finding.model_dump() for finding in findings], "repaired": done})
    else:
        for line in done:
            note(line)
        mark = {True: "✓", False: "✗"}
        print_table(["", "check", "found"], [[mark[finding.ok], finding.name, finding.found] for finding in findings])
        for finding in findings:
            if not finding.ok:
                note(f"{finding.name}: {finding.remedy}")
    wrong = sum(not finding.ok for finding in findings)
    note(f"{wrong} of {len(findings)} checks found something wrong." if wrong else f"All {len(findings)} checks are fine.")
    return 1 if wrong else 0
