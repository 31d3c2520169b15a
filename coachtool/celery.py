"""The Celery application and its three queues.

`default` carries short, idempotent work (delivery, sweeping). `conversation`
carries one task for the whole of a conversation, in a process of its own.
`gpu` carries one task for the whole of a lease on a speech worker.
"""

import os

from celery import Celery

from coachtool.site import heartbeat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coachtool.settings")

app = Celery("coachtool")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["realtime"], related_name="workers")
heartbeat.install(app)
