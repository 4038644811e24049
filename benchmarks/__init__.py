"""Benchmarks as ratios: the product over HTTP against the same rows written by ``pgbench``.

``python -m benchmarks`` runs them; ``README.md`` beside this file explains the method.
"""
