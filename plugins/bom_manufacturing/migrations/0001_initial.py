"""The first tables of bom_manufacturing."""

from pathlib import Path

from core.plugin_api import run_script

revision = "bom_manufacturing_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(Path(__file__).with_suffix(".sql"))
