"""The addresses of the site."""

import blueking_itsm.django
from django.contrib import admin
from django.urls import path

from . import views

urlpatterns = [
    path("ask", views.ask),
    path("accounts", views.accounts),
    path("itsm/callback", blueking_itsm.django.callback),
    path("itsm/metrics", blueking_itsm.django.metrics),
    path("admin/", admin.site.urls),
]
