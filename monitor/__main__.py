"""`python -m monitor` and the `monitor` command."""


def main() -> None:
    """Run the command line."""
    from monitor.cli import cli

    cli()


if __name__ == "__main__":
    main()
