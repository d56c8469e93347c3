"""DP-SGD when any number of records change: dominating pairs, their composition, certified."""
