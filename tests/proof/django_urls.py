"""The addresses of a case that has none of its own: the admin."""

# Django is not installed where types are checked.
# mypy: disable-error-code="import-not-found,import-untyped"

from django.contrib import admin
from django.urls import path

urlpatterns = [path("admin/", admin.site.urls)]
