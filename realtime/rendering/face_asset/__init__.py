"""Offline: makes the personas' heads (`static/personas/*.glb`) from CC0 parts. Nothing here runs in production.

    python -m venv build/face && build/face/bin/pip install numpy==2.4.6 scipy==1.17.1 opencv-python-headless trimesh embreex playwright
    build/face/bin/python -m realtime.rendering.face_asset.build --parts build/parts --out static/personas

NOTICE says where the parts come from.
"""
