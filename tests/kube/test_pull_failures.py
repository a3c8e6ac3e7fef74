"""Real messages of container runtimes and the failure they mean."""
# ruff: noqa: E501 - messages stay in one piece, so that they can be searched for

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kube.pull_failures import LONGEST_CAUSE, PullFailure, cause_of, classify, is_telling, normalized, registry_of

CONTAINERD = 'Failed to pull image "%s": rpc error: code = %s desc = failed to pull and unpack image "%s": failed to resolve reference "%s": %s'


def containerd(image: str, cause: str, code: str = "Unknown") -> str:
    return CONTAINERD % (image, code, image, image, cause)


WORDINGS = [
    # containerd
    (containerd("docker.io/library/nginx:1.99", "docker.io/library/nginx:1.99: not found", "NotFound"), "not-found"),
    (containerd("docker.io/acme/api:1", "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"), "unauthorized"),
    (containerd("ghcr.io/acme/api:1", "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=repository%3Aacme%2Fapi%3Apull&service=ghcr.io: 401 Unauthorized"), "unauthorized"),
    (containerd("registry.acme.io/api:1", "unexpected status from HEAD request to https://registry.acme.io/v2/api/manifests/1: 403 Forbidden"), "unauthorized"),
    (containerd("1234.dkr.ecr.eu-west-1.amazonaws.com/api:1", "pulling from host 1234.dkr.ecr.eu-west-1.amazonaws.com failed with status code [manifests 1]: 401 Unauthorized"), "unauthorized"),
    (containerd("docker.io/library/redis:7", "unexpected status code https://registry-1.docker.io/v2/library/redis/manifests/7: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit"), "rate-limited"),
    (containerd("docker.io/library/redis:7", 'failed to do request: Head "https://registry-1.docker.io/v2/library/redis/manifests/7": dial tcp: lookup registry-1.docker.io on 10.96.0.10:53: no such host'), "unreachable"),
    (containerd("k8s.gcr.io/pause:3.1", 'failed to do request: Head "https://k8s.gcr.io/v2/pause/manifests/3.1": dial tcp 64.233.189.82:443: i/o timeout'), "unreachable"),
    (containerd("docker.io/acme/api:1", 'failed to authorize: failed to fetch anonymous token: Get "https://auth.docker.io/token?scope=repository%3Aacme%2Fapi%3Apull": dial tcp 34.226.69.105:443: connect: connection refused'), "unreachable"),
    (containerd("registry.acme.io/api:1", "unexpected status from HEAD request to https://registry.acme.io/v2/api/manifests/1: 503 Service Unavailable"), "unreachable"),
    (containerd("registry.acme.io/api:1", 'failed to do request: Head "https://registry.acme.io/v2/api/manifests/1": net/http: TLS handshake timeout'), "unreachable"),
    (containerd("registry.acme.io/api:1", 'failed to do request: Head "https://registry.acme.io/v2/api/manifests/1": tls: failed to verify certificate: x509: certificate signed by unknown authority'), "tls"),
    (containerd("10.0.0.5:5000/api:1", 'failed to do request: Head "https://10.0.0.5:5000/v2/api/manifests/1": http: server gave HTTP response to HTTPS client'), "tls"),
    ('Failed to pull image "acme/api:1": rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/acme/api:1": no match for platform in manifest: not found', "platform"),
    ('Failed to pull image "acme/big:1": rpc error: code = Unknown desc = failed to pull and unpack image "docker.io/acme/big:1": failed to extract layer sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef: write /var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/9/fs/lib/x: no space left on device: unknown', "disk-full"),
    ('Failed to pull image "acme/api:1": rpc error: code = DeadlineExceeded desc = failed to pull and unpack image "docker.io/acme/api:1": context deadline exceeded', "unreachable"),
    ('Failed to pull image "acme/api:1": rpc error: code = Unknown desc = failed to pull and unpack image "docker.io/acme/api:1": failed to copy: httpReadSeeker: failed open: unexpected status code https://production.cloudflare.docker.com/x: 502 Bad Gateway', "unreachable"),
    # Docker
    ('Failed to pull image "nginx:1.99": rpc error: code = Unknown desc = Error response from daemon: manifest for nginx:1.99 not found: manifest unknown: manifest unknown', "not-found"),
    ('Failed to pull image "acme/api": rpc error: code = Unknown desc = Error response from daemon: pull access denied for acme/api, repository does not exist or may require \'docker login\': denied: requested access to the resource is denied', "unauthorized"),
    ('Failed to pull image "redis:7": rpc error: code = Unknown desc = Error response from daemon: Get https://registry-1.docker.io/v2/: net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)', "unreachable"),
    ('Failed to pull image "redis:7": rpc error: code = Unknown desc = error pulling image configuration: Get https://production.cloudflare.docker.com/x: dial tcp: lookup production.cloudflare.docker.com: no such host', "unreachable"),
    ("Error response from daemon: toomanyrequests: You have reached your unauthenticated pull rate limit.", "rate-limited"),
    ('Failed to pull image "1234.dkr.ecr.eu-west-1.amazonaws.com/api:1": rpc error: code = Unknown desc = Error response from daemon: Get "https://1234.dkr.ecr.eu-west-1.amazonaws.com/v2/api/manifests/1": no basic auth credentials', "unauthorized"),
    ("no matching manifest for linux/arm64/v8 in the manifest list entries", "platform"),
    ("failed to register layer: Error processing tar file(exit status 1): write /usr/lib/libLLVM.so: no space left on device", "disk-full"),
    # CRI-O
    ('Failed to pull image "quay.io/acme/api:9": rpc error: code = Unknown desc = reading manifest 9 in quay.io/acme/api: manifest unknown', "not-found"),
    ('Failed to pull image "quay.io/acme/api:9": reading manifest 9 in quay.io/acme/api: unauthorized: access to the requested resource is not authorized', "unauthorized"),
    ("initializing source docker://registry.acme.io/api:1: pinging container registry registry.acme.io: Get \"https://registry.acme.io/v2/\": dial tcp: lookup registry.acme.io: no such host", "unreachable"),
    ("choosing an image from manifest list docker://quay.io/acme/api:9: no image found in image index for architecture \"arm64\", variant \"v8\", OS \"linux\"", "platform"),
    ("(Mirrors also failed: [mirror.acme.io/api:1: reading manifest 1 in mirror.acme.io/api: manifest unknown]): quay.io/acme/api:1: reading manifest 1 in quay.io/acme/api: unauthorized: access denied", "unauthorized"),
    ("writing blob: storing blob to file \"/var/tmp/storage1\": write /var/tmp/storage1: no space left on device", "disk-full"),
    ("short-name \"api\" did not resolve to an alias and no unqualified-search registries are defined in \"/etc/containers/registries.conf\"", "invalid-name"),
    ("initializing source docker://acme/api:1: reading manifest 1 in docker.io/acme/api: toomanyrequests: You have reached your pull rate limit.", "rate-limited"),
    # kubelet
    ('Failed to apply default image tag "Acme/API:1": couldn\'t parse image name "Acme/API:1": invalid reference format: repository name (Acme/API) must be lowercase', "invalid-name"),
    ('Container image "acme/api:1" is not present with pull policy of Never', "never-pull"),
    ("pull QPS exceeded", "kubelet-limited"),
    ('Back-off pulling image "acme/api:1": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/acme/api:1": failed to resolve reference "docker.io/acme/api:1": docker.io/acme/api:1: not found', "not-found"),
    ('Back-off pulling image "acme/api:1"', "unknown"),
    ("Error: ErrImagePull", "unknown"),
    ("", "unknown"),
    # names that only look like a failure
    ('Back-off pulling image "registry.acme.io/not-found/x509:429"', "unknown"),
    (containerd("registry.acme.io/denied/no-such-host:401", "registry.acme.io/denied/no-such-host:401: not found", "NotFound"), "not-found"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "expected"), WORDINGS)
def test_a_message_tells_its_failure(message: str, expected: str) -> None:
    assert classify(message) == expected
    assert is_telling(message) is (expected != "unknown")


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("InvalidImageName", PullFailure.INVALID_NAME),
        ("ErrImageNeverPull", PullFailure.NEVER_PULL),
        ("ImagePullBackOff", PullFailure.UNKNOWN),
    ],
)
def test_some_reasons_say_it_without_a_message(reason: str, expected: PullFailure) -> None:
    assert classify("", reason=reason) is expected


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (
            containerd("cart:2", 'failed to do request: Head "https://r.io/v2/": dial tcp 10.0.0.9:443: i/o timeout'),
            "dial tcp 10.0.0.9:443: i/o timeout",
        ),
        (containerd("r.io/cart:2", "r.io/cart:2: not found", "NotFound"), "r.io/cart:2: not found"),
        (
            'Failed to pull image "redis:7": rpc error: code = Unknown desc = Error response from daemon: toomanyrequests: slow down.',
            "toomanyrequests: slow down",
        ),
        ('Back-off pulling image "cart:2": ErrImagePull: pull QPS exceeded', "pull QPS exceeded"),
        # after the last quote nothing is told any more: then all of it
        ('pull access denied for "cart": "see": the manual', 'pull access denied for "cart": "see": the manual'),
        ('Back-off pulling image "cart:2"', ""),
        ("", ""),
    ],
)
def test_the_innermost_part_of_a_message_is_its_cause(message: str, cause: str) -> None:
    assert cause_of(message) == cause


@pytest.mark.parametrize(("message", "expected"), WORDINGS)
def test_a_cause_tells_what_its_message_tells(message: str, expected: str) -> None:
    assert classify(cause_of(message)) == expected


@given(st.text(max_size=300))
def test_no_text_breaks_the_classification(message: str) -> None:
    assert classify(message) in PullFailure
    assert len(cause_of(message)) <= LONGEST_CAUSE


@pytest.mark.parametrize(
    ("image", "registry", "full"),
    [
        ("nginx", "docker.io", "docker.io/library/nginx:latest"),
        ("nginx:1.25", "docker.io", "docker.io/library/nginx:1.25"),
        ("pingcap/tikv:v7.5.1", "docker.io", "docker.io/pingcap/tikv:v7.5.1"),
        ("index.docker.io/library/nginx", "docker.io", "docker.io/library/nginx:latest"),
        ("registry.acme.io:5000/team/api", "registry.acme.io:5000", "registry.acme.io:5000/team/api:latest"),
        ("localhost/api:1", "localhost", "localhost/api:1"),
        ("quay.io/a/b@sha256:00ff", "quay.io", "quay.io/a/b@sha256:00ff"),
        ("", "docker.io", "docker.io/library/:latest"),
    ],
)
def test_a_reference_is_written_in_full(image: str, registry: str, full: str) -> None:
    assert (registry_of(image), normalized(image)) == (registry, full)


@given(st.from_regex(r"\A([a-z]{1,5}\.io/)?([a-z]{1,5}/)?[a-z]{1,5}(:[a-z0-9]{1,4})?\Z"))
def test_writing_in_full_twice_changes_nothing(image: str) -> None:
    assert normalized(normalized(image)) == normalized(image)
