"""coachtool: practise a hard conversation with an AI persona, inside the LMS."""

__version__ = "0.1.0"
