"""Parse the command line. Only argparse and our own texts are imported, so that usage is printed at once."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NoReturn

from bot.cli.errors import MEANINGS, CommandError, did_you_mean

PROGRAM: Final = "casebook"
LANGUAGES: Final = ("en", "zh")
OUTPUTS: Final = ("text", "json")
REPORTS: Final = (*OUTPUTS, "sarif", "junit")
PORT: Final = 8321
ROLES: Final = ("read", "act", "watch")
NOTATIONS: Final = ("yaml", "json")
VIEWS: Final = ("summary", "timeline", "postmortem")
_AGO: Final = re.compile(r"([0-9]{1,9})([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_LASTS: Final = re.compile(r"(?:([0-9]{1,3})h)?(?:([0-9]{1,5})m)?(?:([0-9]{1,6})s)?", re.ASCII)
# A job of a hosted pipeline is ended after six hours.
_LONGEST_WAIT: Final = 6 * 3600
# A date alone is midnight UTC, and a time without a zone is in UTC.
_WRITTEN: Final = re.compile(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?)?", re.ASCII)
_EPILOG: Final = "exit codes:\n" + "\n".join(
    f"  {code.value}  {meaning.replace('`', '')}" for code, meaning in MEANINGS.items()
)


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line with a suggestion."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        raise CommandError(f"{message}\n{self.format_usage().strip()}")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            known = list(map(str, action.choices))
            what = (
                "command"
                if isinstance(action, argparse._SubParsersAction)
                else (action.option_strings or [action.dest])[-1]
            )
            listed = ", ".join(known)
            self.error(f'unknown {what} "{value}"{did_you_mean(str(value), known) or f", known are {listed}"}')

    def options(self) -> list[str]:
        """Return all option strings."""
        return [option for action in self._actions for option in action.option_strings]


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Parse a command's arguments; `command` names it. Raise CommandError, and SystemExit for --help and --version."""
    parser = _build()
    arguments, left = parser.parse_known_args(argv)
    if arguments.command is None:
        raise CommandError(f"no command given\n{parser.format_usage().strip()}")
    if "names" in arguments:
        # argparse takes a list of words only where it begins; people also write names behind an option.
        arguments.names += [word for word in left if not word.startswith("-")]
        left = [word for word in left if word.startswith("-")]
    if left:
        chosen: _Parser = arguments.parser
        word = next((item for item in left if item.startswith("-")), left[0])
        hint = did_you_mean(word.partition("=")[0], chosen.options()) if word.startswith("-") else ""
        what = "option" if word.startswith("-") else "argument"
        raise CommandError(f'unknown {what} "{word}"{hint}\n{chosen.format_usage().strip()}')
    return arguments


def _build() -> _Parser:
    parser = _Parser(
        prog=PROGRAM,
        description="Finds the root cause of a pasted Kubernetes error or a broken pod, proven by the cluster.\n"
        "By itself it only reads.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

    def command(name: str, says: str, further: str = "") -> _Parser:
        added: _Parser = commands.add_parser(
            name,
            help=says,
            description="\n\n".join(filter(None, (says[0].upper() + says[1:] + ".", further))),
            epilog=_EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(parser=added)
        return added

    explain = command("explain", "explain a pasted text: hypotheses, checked in the cluster")
    _input(explain)
    _cluster(explain)

    _diagnose(command("diagnose", "diagnose an object, a namespace or the whole cluster: what is wrong and why"))

    match = command("match", "explain a pasted text by hypotheses alone, without a cluster")
    _input(match)
    match.add_argument(
        "--jsonl",
        action="store_true",
        help='read one JSON object {"id", "text", "before"?} per line, write one answer per line',
    )
    _output(match)

    command(
        "serve",
        "run the bot in a Slack workspace until it is stopped",
        "Its settings come from the environment: SLACK_BOT_TOKEN, and SLACK_APP_TOKEN for Socket Mode or\n"
        "SLACK_SIGNING_SECRET for HTTP. `casebook doctor` reports what is missing; docs/settings.md lists all"
        " settings.",
    )

    _mcp(command("mcp", "answer an MCP client (an LLM agent, an editor) over standard input and output; read-only"))

    _output(command("doctor", "check what is missing before the bot can work here, and how to fix it"))

    _app(command("manifest", "print the Slack app manifest: its permissions and the reason for each"))

    rbac = command("rbac", "print the roles that a cluster must grant, as manifests to apply")
    rbac.add_argument("role", nargs="?", choices=ROLES, metavar="ROLE", help="read, act, watch; default: read and act")
    rbac.add_argument(
        "--actions", default="", metavar="A,B", help="only what these actions write; default: all actions"
    )
    rbac.add_argument(
        "--namespaces", default="", metavar="NS,NS", help="write or watch only in these namespaces, with a role in each"
    )
    rbac.add_argument(
        "--with",
        dest="extra",
        action="append",
        default=[],
        choices=("secrets", "impersonate", "custom-resources"),
        help="add what is left out because of its risk, or the custom resources that this cluster serves",
    )
    _cluster(rbac)
    rbac.add_argument("--service-account", default="", metavar="NS/NAME", help="default casebook/casebook")

    _audit(command("audit", "print the audit: what was done with the buttons, by whom, to what; oldest entry first"))

    _feedback(command("feedback", "print which entries people called wrong, and which texts no entry explains"))

    _workspaces(
        command(
            "workspaces",
            "list the workspaces that installed the app, remove one, or encrypt their tokens with a new key",
        )
    )

    _incident(command("incident", "print the summary, timeline or postmortem of an exported incident channel"))

    demo = command("demo", "try it: a chat in your browser next to a simulated cluster with broken workloads")
    demo.add_argument("--port", type=_port, default=PORT, metavar="P", help=f"default {PORT}; 0 for any free one")
    demo.add_argument("--scenario", default="", metavar="ID", help="break only this incident: an id of `casebook list`")
    demo.add_argument("--terminal", action="store_true", help="no browser: paste at a prompt in this terminal")
    demo.add_argument("--lang", choices=LANGUAGES, help="language of answers")

    simulate = command("simulate", "serve a simulated cluster, written in a file, to any Kubernetes client")
    simulate.add_argument("file", metavar="FILE", help="the world: bot/playground/kubernetes/README.md")
    simulate.add_argument("--port", type=_port, default=0, metavar="P", help="default: any free one")
    simulate.add_argument("--kubeconfig", metavar="PATH", help="the kubeconfig to write; default: a temporary file")

    listing = command("list", "list the incidents of the catalog")
    listing.add_argument("--lang", choices=LANGUAGES, help="language of titles")
    show = command("show", "show one incident of the catalog: what it is, its evidence and its remedies")
    show.add_argument("incident", metavar="ID", help="its id, as in `casebook list`")
    show.add_argument("--lang", choices=LANGUAGES, help="language")

    lint = command("lint", "check catalog files: print file, line and field of each problem")
    lint.add_argument(
        "paths", nargs="*", metavar="PATH", help="a directory or file; default: the built-in catalog and yours"
    )

    _files(command("catalog", "write the entries in force as files: the catalog, yours, and what people saved"))

    command("schema", "print the JSON Schema of a catalog file")

    _probes(command("probes", "list the probes that a catalog file may use: arguments and row keys"))
    return parser


def _input(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", nargs="?", default="", metavar="FILE", help="the text file; - or nothing for standard input"
    )


def _diagnose(diagnose: argparse.ArgumentParser) -> None:
    diagnose.add_argument(
        "kind",
        metavar="KIND",
        help="pod, or another kind as kubectl knows it: deployment, sts, node …; NS/NAME alone for a pod or workload;"
        " cluster (no name) for all of it; connection [NS/]CLIENT SERVICE:PORT for what one calls",
    )
    diagnose.add_argument(
        "names",
        metavar="[NS/]NAME",
        nargs="*",
        help="its name; without NS in -n, else in the context's namespace, else in the whole cluster. Several names are"
        " several objects of the kind; for several kinds write KIND/[NS/]NAME each",
    )
    _cluster(diagnose, outputs=REPORTS)
    pipeline = diagnose.add_argument_group("in pipelines")
    pipeline.add_argument(
        "--wait-rollout",
        type=_duration,
        metavar="D",
        help="wait up to D (90s, 5m, 1h) for the rollout of the deployment, statefulset, daemonset or job. A complete"
        " one passes; any other is diagnosed. Implies --fail-on likely",
    )
    pipeline.add_argument(
        "--fail-on",
        choices=("possible", "likely", "confirmed"),
        metavar="V",
        help="exit with 5 on a verdict of possible, likely or confirmed, or above",
    )
    pipeline.add_argument("--output-file", metavar="PATH", help="write the output to a file, and text to the terminal")


def _output(parser: argparse.ArgumentParser, outputs: Sequence[str] = OUTPUTS) -> None:
    reports = ", sarif or junit for pipelines" if len(outputs) > len(OUTPUTS) else ""
    parser.add_argument(
        "--output", choices=outputs, default="text", help=f"text for people (default), json for programs{reports}"
    )


def _cluster(parser: argparse.ArgumentParser, outputs: Sequence[str] = OUTPUTS) -> None:
    parser.add_argument("--context", metavar="C", help="kubeconfig context; in-cluster for this pod's service account")
    parser.add_argument("--kubeconfig", metavar="PATH", help="kubeconfig file; default: kubectl's choice")
    parser.add_argument("-n", "--namespace", metavar="NS", help="namespace for names given without one")
    _output(parser, outputs)
    parser.add_argument(
        "--lang", choices=LANGUAGES, help="language of the answer; default: the text's, else the locale's"
    )
    parser.add_argument(
        "--deadline", type=_seconds, metavar="S", help="answer within S seconds with the results so far (default 8)"
    )
    parser.add_argument("--timing", action="store_true", help="with json: add durations and call counts")
    parser.add_argument(
        "--all", action="store_true", help="with text: add all findings, steps, links and other hypotheses"
    )


def _mcp(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--context", metavar="C", help="kubeconfig context; default: CASEBOOK_CONTEXTS, else kubectl's")
    parser.add_argument("--kubeconfig", metavar="PATH", help="kubeconfig file; default: kubectl's choice")
    parser.add_argument("-n", "--namespace", metavar="NS", help="namespace for names given without one")
    parser.add_argument("--lang", choices=LANGUAGES, help="language of answers; default: en")
    parser.add_argument("--deadline", type=_seconds, metavar="S", help="seconds of a diagnosis (default 8)")


def _audit(audit: argparse.ArgumentParser) -> None:
    audit.add_argument(
        "--since", type=_time, metavar="T", help="only entries since then: 24h ago, 7d ago, or an RFC 3339 time"
    )
    audit.add_argument("--until", type=_time, metavar="T", help="only entries before then, in the same format")
    audit.add_argument("--actor", default="", metavar="U", help="only of this Slack user (id) or API token (name)")
    audit.add_argument(
        "--target", default="", metavar="OBJ", help='only actions on this object: NS/NAME, or "Pod NS/NAME"'
    )
    audit.add_argument("--plan", default="", metavar="ID", help="only entries of this plan")
    audit.add_argument(
        "--limit", type=_count, metavar="N", help="only the newest N (default: 100 in a table, else all)"
    )
    audit.add_argument(
        "--format", choices=("jsonl", "table"), default="jsonl", help="jsonl for programs (default), table for people"
    )
    _workspace(audit)


def _feedback(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--since", type=_time, default="7d", metavar="T", help="only since then: 24h, 7d (default), or a time"
    )
    _workspace(parser)
    _output(parser)


def _workspaces(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action", choices=("list", "remove", "encrypt", "new-key"), metavar="ACTION",
        help="list, remove, encrypt (with the first key), or new-key (print one)",
    )  # fmt: skip
    parser.add_argument("id", nargs="?", default="", metavar="ID", help="with remove: its id, T… or E…")
    parser.add_argument("--now", action="store_true", help="with remove: delete its data at once")
    _output(parser)


def _workspace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workspace", default="", metavar="ID", help="of this workspace among several: T… or E…")


def _incident(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("view", choices=VIEWS, metavar="VIEW", help="summary, timeline or postmortem")
    parser.add_argument("file", metavar="FILE", help="a Slack export of the channel: a JSON file, or a folder of them")
    parser.add_argument(
        "--for", dest="reader", choices=("team", "outside"), default="team",
        help="with summary: team (default), or outside for a text to paste into a status page",
    )  # fmt: skip
    parser.add_argument("--lang", choices=LANGUAGES, help="language of our words; default: that of most messages")
    _output(parser)


def _probes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", default="", metavar="PROBE", help="only this one")


def _files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("export",), metavar="export", help="write one YAML file per entry")
    parser.add_argument("--learned", action="store_true", help="only the incidents that people saved in Slack")
    parser.add_argument("--to", default=".", metavar="DIR", help="the directory; default: this one")


def _app(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "mode", nargs="?", choices=("socket", "http"), default="socket", metavar="MODE", help="socket (default) or http"
    )
    parser.add_argument("--url", default="", metavar="URL", help="with http: Casebook's public address, https://HOST")
    parser.add_argument(
        "--installable", action="store_true", help="for several workspaces: with a redirect URL and renewed tokens"
    )
    parser.add_argument("--output", choices=NOTATIONS, default="yaml", help="yaml with reasons (default), or json")


def _time(text: str) -> datetime:
    """Return an aware time: of an age such as 24h, or of an RFC 3339 time."""
    try:
        if ago := _AGO.fullmatch(text):
            return datetime.now(UTC) - timedelta(seconds=int(ago[1]) * _SECONDS[ago[2]])
        if _WRITTEN.fullmatch(text):
            at = datetime.fromisoformat(text.upper())
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a time: expected 24h, 7d, or one such as 2026-03-02T03:00:00Z")


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 300:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 0 to 300")
    return value


def _duration(text: str) -> float:
    """Return the seconds of a duration as kubectl writes it: 90s, 5m, 1h30m."""
    lasts = _LASTS.fullmatch(text)
    seconds = (
        sum(int(part or 0) * unit for part, unit in zip(lasts.groups(), (3600, 60, 1), strict=True)) if lasts else 0
    )
    if not 0 < seconds <= _LONGEST_WAIT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration up to 6h: expected 90s, 5m or 1h30m")
    return float(seconds)


def _count(text: str) -> int:
    value = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of entries: expected 1 or more")
    return value


def _port(text: str) -> int:
    value = int(text) if text.isdecimal() else -1
    if not 0 <= value < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: expected a number from 0 to 65535")
    return value


class _Version(argparse.Action):
    """Prints the version on demand: other commands should not pay for reading the installed metadata."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from importlib.metadata import version  # noqa: PLC0415

        sys.stdout.write(f"{PROGRAM} {version('kube-casebook')}\n")
        parser.exit()
