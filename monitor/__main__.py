"""`python -m monitor` and the `monitor` command."""


def main() -> None:
    """Run the command line."""
    from monitor import private
    from monitor.cli import cli, clicks_words

    private.for_owner_only()
    clicks_words.speak()
    cli()


if __name__ == "__main__":
    main()
