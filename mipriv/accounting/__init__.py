"""From a learner's own parameters to its loss: noise, sampling, steps."""
