"""Hearing: from the learner's sound to voice activity, the end of a turn, and words."""
