.PHONY: check check-full lint bench

check: lint  ## what CI runs, in the present environment
	pytest

check-full: check  ## with the suites that take minutes
	pytest -m slow

lint:
	ruff check
	ruff format --check
	mypy
	lint-imports
	tallybook schema export --check

bench:  ## ratios against pgbench; on a quiet machine
	python -m benchmarks
