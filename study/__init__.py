"""Error rates of the method, measured on simulated homes with a known truth.

`python -m study run` simulates homes and looks at each one after every evening;
`python -m study report` turns what was written into docs/error-rates.md.
"""
