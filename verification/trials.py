"""placeholder"""


def measured(*a, **k):
    raise NotImplementedError
