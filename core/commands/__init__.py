"""Commands: a write that is sent twice is carried out once and answered alike (ledger rule 2.4).

A command row is written in the transaction of its work and kept for ever. Its hash covers the raw
input, so the same id with another input is told apart from a repetition.
"""

from core.commands.service import (
    Answer,
    is_retryable,
    known,
    never,
    remember,
    retrying,
    run,
    run_many,
)
from core.commands.tables import (
    COMMAND_REUSED,
    HASH_VERSION,
    Asked,
    CommandRaceError,
    Outcome,
    answer_to,
    carried_out,
    input_hash,
    known_many,
    remember_many,
)

__all__ = [
    "COMMAND_REUSED",
    "HASH_VERSION",
    "Answer",
    "Asked",
    "CommandRaceError",
    "Outcome",
    "answer_to",
    "carried_out",
    "input_hash",
    "is_retryable",
    "known",
    "known_many",
    "never",
    "remember",
    "remember_many",
    "retrying",
    "run",
    "run_many",
]
