"""What a face does and why: from what the coach means and what the session knows to frames of a face.

Pure and without a clock of its own: the same seed and the same events at the same times give the same frames.
"""
