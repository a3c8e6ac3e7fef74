"""The runtimes' words about a sandbox image that they cannot get."""

import pytest

from bot.kube.pull_failures import is_like_pause, sandbox_image

BEGINNING = "Failed to create pod sandbox: rpc error: code = Unknown desc = "


@pytest.mark.parametrize(
    ("message", "image"),
    [
        ('failed to get sandbox image "registry.k8s.io/pause:3.6": failed to pull image', "registry.k8s.io/pause:3.6"),
        ('failed to start sandbox "47a7": failed to get sandbox image "a.lan/pause:3.10": x', "a.lan/pause:3.10"),
        ('failed to get image from containerd "sha256:da": image "docker.io/pause:3": not found', "docker.io/pause:3"),
        ('failed pulling image "k8s.gcr.io/pause:3.1": Error response from daemon', "k8s.gcr.io/pause:3.1"),
        (r'failed to get sandbox image \"a/pause:3\": failed', "a/pause:3"),
        ('failed to setup network for sandbox "47a7": plugin type="calico" failed (add)', ""),
        ('failed to reserve sandbox name "web_shop_0"', ""),
        ("", ""),
    ],
)  # fmt: skip
def test_the_image_is_read_from_every_wording(message: str, image: str) -> None:
    assert sandbox_image(BEGINNING + message) == image


def test_pause_images_go_by_several_names() -> None:
    names = (
        "registry.k8s.io/pause:3.9",
        "a.lan/pause-amd64:3.1",
        "rancher/mirrored-pause:3.6",
        "b/pod-infrastructure:7",
    )
    assert all(map(is_like_pause, names))
    assert not any(map(is_like_pause, ("a/pausemenu:1", "b/web:1", "c/unpause:2")))
