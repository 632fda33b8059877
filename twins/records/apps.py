from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "twins.records"
    label = "records"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.backends.signals import connection_created

        from twins.records.bins import give_median

        connection_created.connect(give_median, dispatch_uid="median for SQLite")
