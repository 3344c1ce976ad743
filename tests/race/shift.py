"""A shift: the processes in which clerks work on one database.

Run as a program this file is the house they start from: it has everything imported and forks a process of
clerks for each line it reads, so that one may be killed and followed by another at no cost. It ends, and
its clerks with it, when its standard input does.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from clinic import db
from clinic.db import key_ring, make_engine
from tests.conftest import FIELD_KEY
from tests.race.clerks import THREADS, Clerk, Orders
from tests.race.work import WORK


def serve(orders: Orders) -> None:
    """One process of clerks: works until the file 'stop' appears in its folder."""
    engine = make_engine(orders.url)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _trust_the_machine)
    stop = Path(orders.folder, "stop")
    clerks = [Clerk(orders, engine, thread) for thread in range(THREADS)]
    threads = [threading.Thread(target=clerk.work, args=(WORK, stop.exists)) for clerk in clerks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _trust_the_machine(connection: Any, _record: object) -> None:
    """Processes are killed here, not the machine: what they have written need not reach the disk at once."""
    connection.execute("PRAGMA synchronous=OFF")


def main() -> None:
    key_ring.load([("test", FIELD_KEY)])
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # a connection that is cut makes it warn
    # Sixteen who write without a pause leave one waiting longer than people would; a real deadlock on SQLite
    # is told at once, however long one is ready to wait.
    db.BUSY_SECONDS = 120
    sa.orm.configure_mappers()
    children = set()
    print("ready", flush=True)
    for line in sys.stdin:
        said = json.loads(line)
        if "gone" in said:
            os.waitpid(said["gone"], 0)
            children.discard(said["gone"])
            print("gone", flush=True)
            continue
        child = os.fork()
        if child == 0:
            serve(Orders(**said))
            os._exit(0)
        children.add(child)
        print(child, flush=True)
    for child in children:
        os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main()
