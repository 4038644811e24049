"""For those who test a plugin: a database, a shop, and the contract suite.

Install ``tallybook[testing]``; pytest then knows the fixtures of ``server/testing/fixtures.py``, and
``pytest --pyargs server.testing.contract`` tries every registered plugin.
"""
