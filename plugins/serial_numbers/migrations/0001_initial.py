"""The first tables of serial_numbers."""

from pathlib import Path

from core.plugin_api import run_script

revision = "serial_numbers_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(Path(__file__).with_suffix(".sql"))
