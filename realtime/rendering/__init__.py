"""The persona's voice and lips: from a sentence to sound and to the movement of a face."""
