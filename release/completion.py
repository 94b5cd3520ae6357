"""Shell completion of `monitor`: `python -m release.completion bash|zsh|fish`."""

import sys

from click.shell_completion import get_completion_class

from monitor.cli import cli


def main() -> None:
    """Print the script that a shell reads."""
    shell = get_completion_class(sys.argv[1])
    if shell is None:
        raise SystemExit(f"found {sys.argv[1]!r}; allowed: bash, fish, zsh")
    print(shell(cli, {}, "monitor", "_MONITOR_COMPLETE").source())


if __name__ == "__main__":
    main()
