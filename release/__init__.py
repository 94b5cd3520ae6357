"""What a release needs beside the wheel: audit, SBOM, notes (docs/releasing.md)."""
