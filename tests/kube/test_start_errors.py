"""The words of container runtimes about a container that they could not start."""

import pytest

from bot.kube.pod_states import COMMAND, MEMORY, start_error

RUNC = "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: "


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (RUNC + "container init was OOM-killed (memory limit too low?): unknown", MEMORY),
        ("set memory limit 4194304 too low; should be at least 12582912 bytes", MEMORY),
        ("Error response from daemon: Minimum memory limit allowed is 6MB", MEMORY),
        (RUNC + "error during container init: unable to set memory limit to 4194304 (current usage: 5)", MEMORY),
        (RUNC + 'exec: "gunicron": executable file not found in $PATH: unknown', COMMAND),
        ("executable file `gunicron` not found in $PATH: No such file or directory", COMMAND),
        (RUNC + 'exec: "/run.sh": permission denied: unknown', COMMAND),
        ("no command specified", COMMAND),
        (RUNC + 'error mounting "/x/a.conf" to rootfs at "/etc/a.conf": not a directory: unknown', ""),
        ("context deadline exceeded", ""),
        ("", ""),
    ],
)
def test_the_cause_is_read_from_every_wording(message: str, cause: str) -> None:
    assert start_error(message) == cause
