# SPDX-License-Identifier: LGPL-2.1-or-later
"""Commands that are in flight for a while, and what is to become of them when they are aborted."""

import env
import scsi
from env import tap
from session import Tmf

# By then a command of the slow LUN would have been answered
LONG_ENOUGH = (env.SLOW_MS + 150) / 1000


def slow_reads(session, count=3, **options):
    return [session.start(scsi.read10(i * 8, 8), read=4096, lun=env.SLOW, **options)
            for i in range(count)]


def r2t_write(session, lun=env.SLOW):
    """A write that waits for the data of its R2T."""
    task = session.start(scsi.write10(0, 64), lun=lun, write=64 * 512, data=bytes(64 * 512))
    session.wait_r2t(task)
    return task


def none_answered(tasks):
    for task in tasks:
        tap.true(task.result is None, f"an aborted task was answered: {task}")


def silent_after(session, tasks):
    """None of these tasks is answered, now or later."""
    session.listen(LONG_ENOUGH)
    none_answered(tasks)


def is_complete(session, function, **options):
    options.setdefault("lun", env.SLOW)
    tap.equal(session.tmf(function, **options), Tmf.COMPLETE, "response of the function")
