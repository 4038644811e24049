"""The demo tenants, one file each."""

from __future__ import annotations

from server.demo.traders.apparel import APPAREL
from server.demo.traders.discrete import DISCRETE
from server.demo.traders.electronics import ELECTRONICS
from server.demo.traders.food import FOOD
from server.demo.traders.general import GENERAL
from server.demo.traders.production import PRODUCTION
from server.demo.traders.wholesale import WHOLESALE

TRADERS = (GENERAL, WHOLESALE, FOOD, APPAREL, ELECTRONICS, PRODUCTION, DISCRETE)
