"""Indicators (指标): figures by which a company is judged, with the bounds within which they are healthy."""
