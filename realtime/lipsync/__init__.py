"""Whether the mouth moves with the voice: a real call to a real browser, watched. `manage.py bench lipsync`"""
