"""Which page of a repository is linked, and what of its address is shown where none is."""

from __future__ import annotations

import pytest

from bot.kube.repositories import RefKind, link_to

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("address", "path", "revision", "url"),
    [
        ("https://github.com/a/b.git", "./k8s/prod/", "main", "https://github.com/a/b/tree/main/k8s/prod"),
        ("https://github.com/a/b", ".", "", "https://github.com/a/b"),
        ("https://github.com/a/b", "k8s", "HEAD", "https://github.com/a/b/tree/HEAD/k8s"),
        ("git@github.com:a/b.git", "my app#1", "release/1.2", "https://github.com/a/b/tree/release/1.2/my%20app%231"),
        ("ssh://git@ssh.github.com:443/a/b.git", "k8s", "main", "https://github.com/a/b/tree/main/k8s"),
        ("https://acme.ghe.com/a/b", "k8s", "v1.2.3", "https://acme.ghe.com/a/b/tree/v1.2.3/k8s"),
        ("git@gitlab.acme.io:ops/sub/b.git", "k8s", "main", "https://gitlab.acme.io/ops/sub/b/-/tree/main/k8s"),
        ("https://gitlab.acme.io:8443/a/b.git", "", "main", "https://gitlab.acme.io:8443/a/b/-/tree/main"),
        ("https://x-token:s3cr3t@bitbucket.org/a/b.git", "k8s", "main", "https://bitbucket.org/a/b/src/main/k8s"),
        ("git@bitbucket.org:a/b.git", "k8s", "feature/x", "https://bitbucket.org/a/b"),
        (
            "ssh://git@bitbucket.acme.io:7999/ops/b.git",
            "k8s",
            "refs/heads/release/1",
            "https://bitbucket.acme.io/projects/ops/repos/b/browse/k8s?at=release%2F1",
        ),
        ("https://bitbucket.acme.io/scm/~bo/b.git", "", "", "https://bitbucket.acme.io/users/bo/repos/b"),
        ("https://bitbucket.acme.io/scm/ops/more/b.git", "", "", ""),
        ("https://codeberg.org/a/b", "k8s", "main", "https://codeberg.org/a/b/src/branch/main/k8s"),
        ("https://gitea.acme.io/a/b", "k8s", SHA, f"https://gitea.acme.io/a/b/src/commit/{SHA}/k8s"),
        ("https://gitea.acme.io/a/b", "k8s", "refs/tags/v1", "https://gitea.acme.io/a/b/src/tag/v1/k8s"),
        ("https://gitea.acme.io/a/b", "k8s", "", "https://gitea.acme.io/a/b"),
        # Its pages are not known: as far as it says itself.
        ("https://git.acme.io/a/b.git", "k8s", "main", "https://git.acme.io/a/b"),
        ("https://charts.acme.io", "", "4.0.1", "https://charts.acme.io"),
        # A range of versions, or a way out of the repository.
        ("https://github.com/a/b", "k8s", "1.2.x", "https://github.com/a/b"),
        ("https://github.com/a/b", "k8s", ">=1.0 <2", "https://github.com/a/b"),
        ("https://github.com/a/b", "k8s", "../../../evil", "https://github.com/a/b"),
        ("https://github.com/a/b", "../../../evil", "main", "https://github.com/a/b"),
        # Wherever a link leads is what is shown of it.
        ("https://github.com\\@evil.example/a/b", "", "", "https://evil.example/a/b"),
        ("https://github.com@evil.example/a/b", "", "", "https://evil.example/a/b"),
    ],
)
def test_a_folder_at_a_revision_has_its_page(address: str, path: str, revision: str, url: str) -> None:
    link = link_to(address, path=path, revision=revision)

    assert link.url == url
    assert not url or link.title.startswith(url.removeprefix("https://").split("/")[0])


def test_what_a_revision_is_may_be_known() -> None:
    link = link_to("https://gitea.acme.io/a/b", revision="v1", kind=RefKind.TAG)

    assert link.url == "https://gitea.acme.io/a/b/src/tag/v1"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://github.com/a/b", "http://github.com/a/b"),
        ("git://github.com/a/b", "git://github.com/a/b"),
        ("git@git.acme.io:a/b.git", "git.acme.io:a/b.git"),
        ("git@ssh.dev.azure.com:v3/a/b/c", "ssh.dev.azure.com:v3/a/b/c"),
        ("oci://user:hunter22@ghcr.io/acme/charts", "oci://ghcr.io/acme/charts"),
        ("https://user:hun/ter22@github.com/a/b", "https://github.com/a/b"),
        ("https://gitea.gitea.svc:3000a/a/b", "https://gitea.gitea.svc:3000a/a/b"),
        ("https://gitea/a/b", "https://gitea/a/b"),
        ("https://github.com/a/b?access_token=hunter22", "github.com/a/b"),
        ("https://github.com/%2e%2e/b", "https://github.com/%2e%2e/b"),
        ("https://gіthub.com/a/b", "https://gіthub.com/a/b"),
        ("https://[::1/a/b", "https://[::1/a/b"),
        ("javascript://github.com/%0aalert(1)", "javascript://github.com/%0aalert(1)"),
        ("data:text/html,<script>", "data:text/html,<script>"),
        ("https://github.com/a/b\n<!channel>", "https://github.com/a/b ⏎ <!channel>"),
        ("https://github.com/a/\nb", "https://github.com/a/ ⏎ b"),
        ("https://github.com/a/b|<!here>", "https://github.com/a/b|<!here>"),
        ("", ""),
    ],
)
def test_what_is_no_plain_address_of_a_page_is_text_without_credentials(address: str, shown: str) -> None:
    link = link_to(address)

    assert link.url in ("", "https://github.com/a/b" if "access_token" in address else "")
    assert link.title == shown
