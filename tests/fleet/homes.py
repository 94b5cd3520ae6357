"""Small simulated fleets, as folders of sample files."""

from functools import cache
from pathlib import Path

import pandas as pd

from monitor.simulation import simulate

DAYS = 14


@cache
def home_rows(family: str, seed: int) -> pd.DataFrame:
    home = simulate(family, seed=seed, days=DAYS, every_s=1800, noise="gaussian_ar")
    return home.samples


def write_home(folder: Path, vantage: str, family: str = "quiet", seed: int = 1):
    rows = home_rows(family, seed).assign(vantage=vantage)
    path = folder / f"{vantage}.parquet"
    rows.to_parquet(path, index=False)
    return path


def folder_of(path: Path, families: dict[str, str], zone: str = "Asia/Almaty") -> Path:
    """A folder with one file per home, and the homes' zones and providers."""
    path.mkdir(parents=True, exist_ok=True)
    lines = ["vantage,timezone,isp"]
    for seed, (vantage, family) in enumerate(families.items()):
        write_home(path, vantage, family, seed % 2)
        lines.append(f"{vantage},{zone},Provider A")
    (path / "vantages.csv").write_text("\n".join(lines) + "\n")
    return path
