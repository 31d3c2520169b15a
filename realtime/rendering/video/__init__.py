"""The second renderer: a worker draws the persona's face and sends it as encoded video.

`head` reads the asset, `deform` bends it, `draw` makes pictures, `encode` makes packets and `studio` runs them for all
leases of a process. Needs requirements-video.txt; without it a worker offers no video.
"""
