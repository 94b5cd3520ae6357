"""How much two choices have in common by chance; standard library only."""

from math import exp, lgamma


def overlap_tail(n: int, n_first: int, n_second: int, n_both: int) -> float:
    """P(two choices among n share at least `n_both`), drawn independently.

    Fisher's exact test, one-sided: the tail of the hypergeometric distribution. Summed
    in logarithms, since the whole numbers of a fleet of homes have thousands of digits.
    """
    total = _log_choose(n, n_second)
    terms = (
        exp(_log_choose(n_first, k) + _log_choose(n - n_first, n_second - k) - total)
        for k in range(n_both, min(n_first, n_second) + 1)
        if n_second - k <= n - n_first
    )
    return min(1.0, sum(terms))


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
