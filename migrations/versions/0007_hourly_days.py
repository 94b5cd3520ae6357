"""The hourly roll-ups once more, a day in a row; marks are found by hour."""

import struct
from itertools import groupby

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

METRICS = (
    "domain_lookup_s",
    "connect_s",
    "tls_handshake_s",
    "waiting_s",
    "response_s",
    "duration_s",
    "goodput_bps",
)
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
DAYS_AT_ONCE = 500


def upgrade():
    op.create_table(
        "hourly_days",
        sa.Column("series_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("first_us", sa.BigInteger, autoincrement=False, nullable=False),
        *(
            sa.Column(name, sa.LargeBinary, nullable=False)
            for name in ("n", "n_failed", *METRICS)
        ),
        sa.ForeignKeyConstraint(
            ["series_id"], ["series.id"], name="fk_hourly_days_series_id"
        ),
        sa.PrimaryKeyConstraint("series_id", "first_us", name="pk_hourly_days"),
    )
    op.create_index("ix_hourly_stale_hour", "hourly_stale", ["hour"])
    _fill(op.get_bind())


def downgrade():
    raise NotImplementedError("measurements are not dropped; restore a backup instead")


def _fill(connection):
    names = ", ".join(("series_id", "hour_us", "n", "n_failed", *METRICS))
    for (series_id,) in connection.execute(sa.text("SELECT id FROM series")).all():
        rows = connection.execute(
            sa.text(
                f"SELECT {names} FROM hourly WHERE series_id = :id ORDER BY hour_us"
            ),
            {"id": series_id},
        ).all()
        by_day = groupby(sorted(rows, key=_day), _day)
        days = [_packed(key, list(found)) for key, found in by_day]
        for start in range(0, len(days), DAYS_AT_ONCE):
            _insert(connection, days[start : start + DAYS_AT_ONCE])


def _insert(connection, days):
    names = ("series_id", "first_us", "n", "n_failed", *METRICS)
    places = ", ".join(f":{name}" for name in names)
    connection.execute(
        sa.text(f"INSERT INTO hourly_days ({', '.join(names)}) VALUES ({places})"), days
    )


def _day(row):
    return row[0], row[1] - row[1] % DAY_US // HOUR_US * HOUR_US


def _packed(key, rows):
    # As monitor/store/hourly_days.py had it when this step was written.
    by_hour = {row[1] % DAY_US // HOUR_US: row for row in rows}
    hours = [by_hour.get(hour) for hour in range(24)]
    day = {"series_id": key[0], "first_us": key[1]}
    for place, name in enumerate(("n", "n_failed"), start=2):
        day[name] = struct.pack("<24I", *(row[place] if row else 0 for row in hours))
    for place, name in enumerate(METRICS, start=4):
        values = (row[place] if row else None for row in hours)
        day[name] = struct.pack(
            "<24d", *(float("nan") if v is None else v for v in values)
        )
    return day
