"""Readings of mutual information, in nats: each says whether it is a bound or an estimate."""
