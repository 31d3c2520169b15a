"""Offline: makes the personas' heads (`static/personas/*.glb`) from CC0 parts. Nothing here runs in production.

    python -m venv build/face
    build/face/bin/pip install numpy==2.4.6 scipy==1.17.1 opencv-python-headless==5.0.0.93 trimesh==5.2.0 \\
        embreex==4.4.0.post1
    build/face/bin/python -m realtime.rendering.face_asset.build --parts build/parts --out static/personas

Then, with the project's own Python, Playwright and a Chromium, their pictures; and whether their expressions and
mouth shapes can be told from a picture:

    python -m realtime.rendering.face_asset.poster --out static/personas
    python -m realtime.rendering.strips --out docs/pictures
    python manage.py bench readback

NOTICE says where the parts come from.
"""
