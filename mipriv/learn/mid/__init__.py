"""MID: learners that pay for the information which their answers hold about the question."""
