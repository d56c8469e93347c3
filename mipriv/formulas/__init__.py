"""The mathematics, once.

Each formula is a function `f(k, ...)` over a number context `k` (see `mipriv.contexts`): the same
text is read by Arb balls for the answer, by mpmath for the check, by sympy for the proof, by NumPy
for the sweep and by exact rationals for linear programs.  Arguments of a formula are numbers of
the context; `n` is a whole number.
"""
