"""A synthetic learner that practises as a person would, from the course page to the gradebook.

It knows the product only by what a browser sees: HTML pages, the WebSocket, WebRTC and the LMS's own pages. Nothing
here imports from the tool's inside.
"""
