#!/usr/bin/env python3
"""Set up, start and check the clinic with nothing but Python: `dev.py run | setup | test | check | bench`.

Standard library only. Everything it brings lands in .venv/, node_modules/ and instance/, and is brought again
only when a list of what is needed (requirements*.txt, package-lock.json) changes.
"""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036 (this very check)
    sys.exit(
        "The clinic needs Python 3.11 or newer and this is Python {}.{}: install a newer one and "
        "start dev.py with it, for example `python3.11 dev.py run`.".format(*sys.version_info[:2])
    )

if os.name != "posix":
    sys.exit("The clinic runs on Linux and macOS; on Windows start it inside WSL.")

if __name__ == "__main__":
    from devkit.commands import main

    sys.exit(main(sys.argv[1:]))
