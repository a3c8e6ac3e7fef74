"""Silence alerts in the configured Alertmanager."""

from bot.alertmanager.client import Alertmanager, AlertmanagerError, open_alertmanager
