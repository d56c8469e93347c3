"""DP-SGD as a learner: many models at a time, and what an attacker needs to be optimal."""
