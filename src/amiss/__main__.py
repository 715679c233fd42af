"""``python -m amiss`` and the ``amiss`` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from amiss.cli import run

    run()


if __name__ == "__main__":
    main()
