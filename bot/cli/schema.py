"""Run `casebook schema`: print the JSON Schema of an incident file, for editors."""

from __future__ import annotations

import argparse
import json
import sys

from bot.cli.exit_codes import ExitCode
from bot.remedies.names import action_names
from intents.catalog.schema import Incident, Remediation, describe_fields


def run(_: argparse.Namespace) -> ExitCode:
    """Print the schema."""
    describe_fields()
    incident = Incident.model_json_schema(mode="validation")
    # The models do not know the actions: they are handed in.
    incident["$defs"][Remediation.__name__]["properties"]["action"]["enum"] = list(action_names())
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **incident}
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n")
    return ExitCode.ANSWERED
