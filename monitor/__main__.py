"""`python -m monitor` and the `monitor` command."""


def main() -> None:
    """Run the command line."""
    from monitor import private
    from monitor.cli import cli

    private.for_owner_only()
    cli()


if __name__ == "__main__":
    main()
