"""Finding by text: one trigram index for Chinese, Latin and digits, also for one or two characters.

Trigrams alone are blind to strings shorter than three characters, which most Chinese words are. So
the text is stored in *spaced form*: each Chinese character and each sign becomes a word of its own,
letters and digits stay runs (``可乐 SKU-12`` is stored as `` 可 乐 sku - 12 ``). An index of trigrams
pads every word with blanks, so ``% 可 乐%`` finds its rows in the index. Runs of three and more are
found anywhere, shorter ones at the beginning of a run.

Row-level security keeps such an index from being used, because LIKE might leak rows through its
errors. The one door past it is a SECURITY DEFINER function that filters the tenant itself and belongs
to a role that may see nothing but what the search needs (S1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from core.db.roles import APP, READ, SEARCH
from core.errors import LIMIT_EXCEEDED, refuse
from core.text import clean

_QUERY_LIMIT = 100
_WORD_LIMIT = 8

_FEW = 1000
"""So many hits are found, checked and sorted in a millisecond or two."""

_EAST_ASIAN = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_RUNS = re.compile(rf"[0-9]+|[^\W\d_{_EAST_ASIAN}]+|\S")


def spaced(parts: Iterable[str]) -> str:
    """The spaced form of several texts (code, name, ...), without regard to case."""
    return f" {' '.join(run for part in parts for run in _RUNS.findall(part.casefold()))} "


def patterns(query: str) -> list[str]:
    """LIKE patterns, one for each word of the user's text; all of them must match.

    The user's wildcards mean themselves. Refuses more than eight words (LIMIT_EXCEEDED).
    """
    words = clean(query, "search", _QUERY_LIMIT, required=False).casefold().split()
    if len(words) > _WORD_LIMIT:
        raise refuse(LIMIT_EXCEEDED, "search", field="search", limit=_WORD_LIMIT)
    return [_pattern(word) for word in words]


def _pattern(word: str) -> str:
    runs = _RUNS.findall(word)
    text = re.sub(r"([\\%_])", r"\\\1", " ".join(runs))
    anywhere = any(len(run) > 2 for run in runs)
    return f"%{text}%" if anywhere else f"% {text}%"


def door(function: str, table: str, filters: Mapping[str, str]) -> str:
    """SQL that makes the search function of a table with the columns id, code_key and search.

    ``filters`` name columns and their types: the function takes an array of admitted values for each
    (null admits all), after the patterns, and before ``after`` (a code key) and ``at_most``. It
    returns ids in the order of their codes.
    """
    arguments = "".join(f"{column}s {kind}[], " for column, kind in filters.items())
    conditions = "".join(
        f"\n      and (${n} is null or {column} = any (${n}))"
        for n, column in enumerate(filters, start=1)
    )
    given = "".join(f"{column}s, " for column in filters) + "after"
    last = len(filters) + 1
    types = "".join(f"{kind}[], " for kind in filters.values())
    signature = f"{function}(text[], {types}text, integer)"
    columns = ", ".join(("tenant_id", "id", "code_key", "search", *filters))
    return f"""\
create extension if not exists pg_trgm;
create extension if not exists btree_gin;
create index {table}_search_idx on {table} using gin (tenant_id, search gin_trgm_ops);
create policy search on {table} for select to {SEARCH} using (true);
grant select ({columns}) on {table} to {SEARCH};
create function {function}(patterns text[], {arguments}after text, at_most integer)
  returns setof uuid language plpgsql stable security definer
  set search_path = public, pg_temp set enable_seqscan = off set enable_indexscan = off as $body$
declare
  -- Patterns stand in the text of the query, or the planner could not see what the index is for.
  found_by text := (select string_agg(format('search like %L', p), ' and ') from unnest(patterns) p);
  query text := format($query$
    select id, code_key from {table}
    where tenant_id = nullif(current_setting('app.tenant', true), '')::uuid
      and %s{conditions}
      and (${last} is null or code_key > ${last})
  $query$, coalesce(found_by, 'true'));
  hits uuid[];
begin
  -- Few hits come from the trigrams and are sorted. Many are met soon on a walk along the codes.
  -- The planner cannot tell one from the other, for it knows little of short patterns.
  execute format('select array_agg(id order by code_key) from (%s limit {_FEW}) few', query)
    into hits using {given};
  if coalesce(cardinality(hits), 0) < {_FEW} then
    return query select unnest(hits) limit at_most;
    return;
  end if;
  perform set_config('enable_indexscan', 'on', true), set_config('enable_seqscan', 'on', true);
  return query execute format('select id from (%s order by code_key limit ${last + 1}) many', query)
    using {given}, at_most;
end
$body$;
revoke execute on function {signature} from public;
grant execute on function {signature} to {APP}, {READ};
grant create on schema public to {SEARCH};
alter function {signature} owner to {SEARCH};
revoke create on schema public from {SEARCH}"""  # noqa: S608 - names are ours
