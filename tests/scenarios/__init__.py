"""Runs golden scenarios, worked examples from other systems' tests, against the product.

``python -m tests.scenarios PATH…`` takes files and folders. The form of a scenario is described
in the README that comes with the scenarios; :mod:`tests.scenarios.model` is strict about it, so
that nothing a scenario says is passed over.
"""
