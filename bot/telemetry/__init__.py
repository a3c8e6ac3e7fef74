"""Send traces and metrics to an OpenTelemetry collector by OTLP over HTTP, if one is configured."""

from bot.telemetry.exporting import METRICS_EVERY_S, exporting
