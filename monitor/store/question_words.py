"""What a question to PostgreSQL may be made of: what is allowed, word by word.

A function can read a file, a table or a setting past every right on tables, and many of
them are there under many names. So nothing is allowed that is not listed here: neither
a function, nor a type, nor a source of rows. What is sent is put together anew from the
words that were looked at; the server cannot read it in another way.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

_WORDS: Final = re.compile(
    r"""(?P<space>\s+|--[^\r\n]*)
    |(?P<text>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")+")
    |(?P<name>[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*)
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?!\w))
    |(?P<sign>::|[~!@#^&|?+\-*/%<>=]+|[(),.;:\[\]])""",
    re.VERBOSE,
)


class NotAskedError(Exception):
    """The question holds something that is not listed; the text names it."""


@dataclass(frozen=True, slots=True)
class _Word:
    kind: str
    text: str
    """A name as the server folds it."""
    sent: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question whose words are all allowed."""

    sql: str
    sources: Sequence[Sequence[str]]
    """Where it takes rows from: names with the schema before them, if any."""
    members: Sequence[str]
    """What stands after a point and is not listed. The server takes it for a column
    or, where there is none, for a function or a type with one argument."""


def read(question: str) -> Question:
    """The question, looked at word by word.

    Raises
    ------
    NotAskedError : it holds what may not be asked.
    """
    words = list(_words(question))
    while words and words[-1].text == ";":
        words.pop()
    _check_words(words)
    return Question(
        sql=" ".join(word.sent for word in words),
        sources=list(_sources(words)),
        members=sorted(set(_members(words)) - FUNCTIONS - TYPES),
    )


def _words(question: str) -> Iterator[_Word]:
    position = 0
    while position < len(question):
        match = _WORDS.match(question, position)
        kind, text = ("", "") if match is None else (str(match.lastgroup), match[0])
        # Comments that nest or stand in an operator, `$$`, a lone quotation mark.
        if match is None or (kind == "sign" and re.search(r"--|/\*", text)):
            raise NotAskedError(f"{question[position : position + 10]!r}")
        position = match.end()
        if kind == "name":
            # Only ASCII letters are folded alike everywhere.
            yield _Word(kind, text.lower(), text)
        elif kind == "quoted":
            # With a letter, so that no name looks like a sign here.
            if not re.search(r"\w", text):
                raise NotAskedError(f"the name {text}")
            yield _Word(kind, text[1:-1].replace('""', '"'), text)
        elif kind != "space":
            yield _Word(kind, text, text)


def _check_words(words: Sequence[_Word]) -> None:
    padded = [*words, _END, _END]
    before = _END
    for place, (word, opener) in enumerate(zip(words, _openers(words), strict=True)):
        after = padded[place + 1]
        if word.text == ";":
            raise NotAskedError("a second statement")
        if word.kind in _NAMES:
            _check_name(word, before, after)
            is_call = after.text == "(" and not _is_listed(word)
            if is_call and not _is_label(before, padded[place:]):
                raise NotAskedError(f"the function {word.text}")
        is_cast = word.text == "as" and opener == "cast" and word.kind == "name"
        if word.text == "::" or is_cast:
            _check_type(after)
        before = word


def _openers(words: Sequence[_Word]) -> Iterator[str]:
    """For each word what stands before the parenthesis that it is in."""
    openers = [""]
    before = _END
    for word in words:
        if word.text == ")" and len(openers) > 1:
            openers.pop()
        yield openers[-1]
        if word.text == "(":
            openers.append(before.text)
        before = word


_END: Final = _Word("end", "", "")
_NAMES: Final = ("name", "quoted")


def _check_name(word: _Word, before: _Word, after: _Word) -> None:
    is_plain = word.kind == "name"
    if is_plain and word.text in _TELLING:
        raise NotAskedError(word.text)
    if after.kind == "text" and not (is_plain and word.text in _BEFORE_TEXT):
        raise NotAskedError(f"{word.text} before a text")
    if after.text == "(" and before.text == ".":
        raise NotAskedError(f"the function {word.text} of a schema")


def _is_listed(word: _Word) -> bool:
    is_keyword = word.kind == "name" and word.text in _BEFORE_PAREN
    return is_keyword or word.text in FUNCTIONS


def _is_label(before: _Word, rest: Sequence[_Word]) -> bool:
    """Whether a name before a parenthesis is that of a table with its columns."""
    if before.kind == "name" and before.text == "as":
        return True
    # WITH name (column, ...) AS [NOT MATERIALIZED] (SELECT
    place = 2
    while rest[place].kind in _NAMES and rest[place + 1].text == ",":
        place += 2
    closing = [word.text for word in rest[place + 1 : place + 8]]
    begins = [text for text in closing[2:] if text not in ("not", "materialized")]
    return closing[:2] == [")", "as"] and begins[:2] in (
        ["(", "select"], ["(", "with"], ["(", "values"], ["(", "("]
    )  # fmt: skip


def _check_type(word: _Word) -> None:
    if word.kind != "name" or word.text not in TYPES:
        raise NotAskedError(f"the type {word.text}")


@dataclass(slots=True)
class _Level:
    """One pair of parentheses, or what is outside of all."""

    opener: str
    takes_rows: bool = False
    """Whether names are those of sources here."""


def _sources(words: Sequence[_Word]) -> Iterator[list[str]]:
    levels = [_Level("")]
    earlier, before = _END, _END
    for place, word in enumerate(words):
        level = levels[-1]
        is_source = _is_table(earlier, before) or (
            level.takes_rows and before.text in _BEFORE_SOURCE
        )
        if word.text == "(":
            levels.append(_Level(before.text, is_source))
        elif word.text == ")":
            levels = levels[:-1] or [_Level("")]
        elif word.kind == "name" and word.text in (*_CLAUSES, "from"):
            _step(level, earlier, before, word)
        elif word.kind in _NAMES and is_source:
            yield _chain(words[place:])
        earlier, before = before, word


def _step(level: _Level, earlier: _Word, before: _Word, word: _Word) -> None:
    """Take note of a word that begins or ends a list of sources."""
    if word.text == "from":
        level.takes_rows |= _begins_sources(level, earlier, before)
    elif before.text not in (".", "as"):
        # Else it is a label: there the server takes every word.
        level.takes_rows = False


def _begins_sources(level: _Level, earlier: _Word, before: _Word) -> bool:
    is_part = level.opener in ("extract", "substring", "trim", "overlay")
    is_compared = before.text == "distinct" and earlier.text in ("is", "not")
    return not is_part and not is_compared


def _is_table(earlier: _Word, before: _Word) -> bool:
    """Whether a source follows TABLE or TABLE ONLY, which stand for SELECT * FROM."""
    is_only = before.text == "only" and earlier.text == "table"
    return before.kind == "name" and (before.text == "table" or is_only)


def _members(words: Sequence[_Word]) -> Iterator[str]:
    for point, word in pairwise(words):
        if point.text == "." and word.kind in _NAMES:
            yield word.text


def _chain(words: Sequence[_Word]) -> list[str]:
    """A name with all that points divide."""
    names = [words[0].text]
    for point, name in zip(words[1::2], words[2::2], strict=False):
        if point.text != "." or name.kind not in _NAMES:
            break
        names.append(name.text)
    return names


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


FUNCTIONS: Final = _set(
    """
    count sum avg min max stddev stddev_samp stddev_pop variance var_samp var_pop mode
    percentile_cont percentile_disc corr covar_pop covar_samp regr_slope regr_intercept
    regr_r2 regr_count bool_and bool_or every array_agg string_agg json_agg jsonb_agg
    json_object_agg jsonb_object_agg grouping
    row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value
    last_value nth_value
    abs round ceil ceiling floor trunc sqrt power exp ln log log10 mod div sign
    greatest least coalesce nullif width_bucket
    lower upper length char_length substr substring left right trim btrim ltrim rtrim
    replace split_part position strpos concat concat_ws starts_with initcap reverse
    translate overlay md5 to_char to_number regexp_replace regexp_match regexp_matches
    regexp_count regexp_like regexp_substr
    date_trunc date_part date_bin extract to_timestamp to_date age make_date make_time
    make_timestamp make_timestamptz make_interval justify_hours timezone now
    json_array_elements json_array_elements_text json_array_length json_typeof
    json_each json_each_text json_object_keys json_extract_path json_extract_path_text
    jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_typeof
    jsonb_each jsonb_each_text jsonb_object_keys jsonb_extract_path
    jsonb_extract_path_text json_build_object jsonb_build_object json_build_array
    jsonb_build_array to_json to_jsonb
    unnest array_length cardinality array_to_string generate_series cast
    """
)
"""They compute from their arguments alone, and name no table, file or setting."""

SQLITE_FUNCTIONS: Final = FUNCTIONS | _set(
    """
    total group_concat median percentile percentile_cont percentile_disc
    iif if ifnull instr format printf hex unhex typeof quote unicode char glob like
    octet_length soundex random randomblob zeroblob likelihood likely unlikely
    sign acos acosh asin asinh atan atan2 atanh cos cosh degrees log2 pi pow radians
    sin sinh tan tanh
    date time datetime julianday unixepoch strftime timediff current_date current_time
    current_timestamp
    json jsonb json_array json_array_insert json_error_position json_extract json_insert
    json_object json_patch json_pretty json_quote json_remove json_replace json_set
    json_type json_valid json_group_array json_group_object -> ->>
    """
)
"""SQLite's own. Others load code, run statements or tell addresses of its memory."""

TYPES: Final = _set(
    """
    int integer bigint smallint int2 int4 int8 numeric decimal real float float4 float8
    double text varchar char character bool boolean date time timetz timestamp
    timestamptz interval json jsonb uuid
    """
)
"""Types whose input looks nothing up: `regclass` would tell of tables."""

_CLAUSES: Final = _set(
    "select where group having order limit offset fetch window union intersect except"
)
_BEFORE_SOURCE: Final = _set("from join lateral only ( ,")
_BEFORE_PAREN: Final = TYPES | _CLAUSES | _set(
    """
    and or not in exists any some all case when then else between like ilike similar to
    escape on using from join lateral as over filter within by partition values distinct
    array row materialized rollup cube sets is only recursive with both leading trailing
    for collate
    """
)  # fmt: skip
_BEFORE_TEXT: Final = TYPES | _CLAUSES | _set(
    """
    and or not in any some all when then else between like ilike to escape zone on from
    by values distinct is precision varying both leading trailing for
    """
)  # fmt: skip
_TELLING: Final = _set(
    """
    current_user session_user system_user user current_role current_catalog
    current_schema into tablesample
    """
)
"""Words that tell of the server without a parenthesis, or write."""
