from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "coachtool.site"
    label = "site"
