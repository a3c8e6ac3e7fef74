"""The kubelet's words about image pulls, old and new."""

import pytest

from bot.kube.pull_failures import UNTOLD, Pulled, failed_image, parse_pulled, pulling_image, seconds


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ('Successfully pulled image "web:1"', Pulled(image="web:1")),
        ('Successfully pulled image "web:1" in 1m1.5s', Pulled(image="web:1", total_s=61.5)),
        (
            'Successfully pulled image "web:1" in 20s (1m20s including waiting)',
            Pulled(image="web:1", total_s=80.0, own_s=20.0),
        ),
        (
            'Successfully pulled image "web:1" in 717ms (718ms including waiting). Image size: 78005565 bytes.',
            Pulled(image="web:1", total_s=0.718, own_s=0.717, size=78005565),
        ),
        ('Container image "web:1" already present on machine', None),
        ("", None),
    ],
)
def test_what_a_finished_pull_tells(message: str, expected: Pulled | None) -> None:
    assert parse_pulled(message) == expected


def test_waiting_is_told_only_where_both_times_are() -> None:
    assert Pulled(image="a", total_s=80.0, own_s=20.0).waited_s == 60.0
    assert Pulled(image="a", total_s=80.0).waited_s == UNTOLD
    assert Pulled(image="a", total_s=1.0, own_s=1.1).waited_s == 0.0


def test_the_image_of_other_messages() -> None:
    assert pulling_image('Pulling image "web:1"') == "web:1"
    assert pulling_image('pulling image "web:1"') == "web:1"  # up to 1.14
    assert pulling_image('Back-off pulling image "web:1"') == ""
    assert failed_image('Failed to pull image "web:1": rpc error: code = NotFound') == "web:1"
    assert failed_image("Error: ErrImagePull") == ""


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        *(("1h2m3s", 3723.0), ("250ms", 0.25), ("15.5µs", 15.5e-6)),
        *(("", UNTOLD), (None, UNTOLD), ("soon", UNTOLD), ("5", UNTOLD)),
    ],
)
def test_durations(written: str | None, expected: float) -> None:
    assert seconds(written) == pytest.approx(expected)
