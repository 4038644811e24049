"""Right under concurrency, over HTTP: two server processes, many clients, and the same goods.

What is raced: the last unit (``test_oversell``), one command sent many times (``test_retries``), what may
happen once (``test_sources``), promises (``test_promises``), hot items in any order (``test_hot_items``).
What is proved of the way there: the locks as the database logged them (``test_locks``). What was told on the
way: ``test_history``, judged by ``history``. And the testers themselves: ``test_crowd``,
``test_history_checker``, ``test_sabotage``.
"""
