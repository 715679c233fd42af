"""``python -m amiss`` and the ``amiss`` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    try:
        from amiss.cli import run
    except KeyboardInterrupt:  # Ctrl-C before anything was done
        print("amiss: interrupted; nothing is half written.", file=sys.stderr)
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
