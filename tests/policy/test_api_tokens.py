"""The file of API tokens: subjects, the three ways to give a token, and what is wrong in a file."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from bot.policy import FileError
from bot.policy.api_tokens import load_api_tokens

TOKEN = "0f7c4b9be0c14f0fa0a1"
DIGEST = hashlib.sha256(TOKEN.encode()).hexdigest()


def written(directory: Path, text: str) -> Path:
    path = directory / "tokens.yaml"
    path.write_text(text)
    return path


def test_each_way_to_give_a_token_is_accepted_and_bound_to_its_subject(tmp_path, monkeypatch):
    monkeypatch.setenv("CI_TOKEN", f"{TOKEN}-env\n")
    (tmp_path / "token").write_text(f"{TOKEN}-file\n")
    tokens = load_api_tokens(
        written(
            tmp_path,
            f"""
- {{name: by-digest, token_sha256: {DIGEST}, subject: {{channel: C0123ABCD}}}}
- {{name: by-variable, token_env: CI_TOKEN, subject: {{channel: "#shop"}}}}
- {{name: by-file, token_file: {tmp_path}/token, subject: {{user: U0123ABCD, groups: ["@sre"]}}}}
""",
        )
    )

    found = {given: tokens.bearer(f"Bearer {given}") for given in (TOKEN, f"{TOKEN}-env", f"{TOKEN}-file")}
    assert [one and one.name for one in found.values()] == ["by-digest", "by-variable", "by-file"]
    actors = [one.subject.actor("T1") for one in tokens.tokens]
    assert [(one.channel, one.channel_name, one.user, one.direct) for one in actors] == [
        ("C0123ABCD", "", "", False), ("", "#shop", "", False), ("", "", "U0123ABCD", True),
    ]  # fmt: skip
    assert actors[2].groups == {"@sre"}
    for header in ("", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN} x", "Bearer ", "Bearer \udcff", f"Bearer {DIGEST}"):
        assert tokens.bearer(header) is None
    assert TOKEN not in repr(tokens)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("{name: ci, token_env: CI}", "tokens.yaml:2: [0].subject: is missing"),
        ("{name: ci, token_sha256: %, subject: {}}", "[0].subject: names nobody"),
        ("{name: ci, token_sha256: %, subject: {user: '*'}}", "[0].subject.user: expected the id of one user"),
        ("{name: ci, token_sha256: %, subject: {channel: '#shop-*'}}", "[0].subject.channel: "),
        ("{name: ci, token_sha256: %, subject: {chanel: C0123ABCD}}", "[0].subject.chanel: unknown key; known are "),
        ("{name: ci, subject: {user: U01}}", "[0]: expected one of token_sha256, token_env and token_file"),
        ("{name: ci, token_sha256: abc, subject: {user: U01}}", "[0].token_sha256: expected the 64 hexadecimal"),
        ("{name: ci, token_env: NO_SUCH_VARIABLE, subject: {user: U01}}", "[0].token_env: the environment variable"),
        ("{name: ci, token_file: /no/such/file, subject: {user: U01}}", "[0].token_file: /no/such/file: no such file"),
        ("{name: ci, token_file: SHORT, subject: {user: U01}}", "[0].token_file: the token has fewer than 20"),
        ("{name: ci, token: 0f7c4b9be0c14f0fa0a1, subject: {user: U01}}", "[0].token: unknown key; known are name"),
        ("{name: CI, token_sha256: %, subject: {user: U01}}", "[0].name: "),
        ("{name: ci, token_sha256: %, subject: {user: U01}}\n- {name: ci, token_sha256: %, subject: {user: U02}}",
         "tokens.yaml:3: [1].name: has the name of an earlier entry"),
    ],
)  # fmt: skip
def test_problem_names_file_line_and_field_and_never_a_token(tmp_path, monkeypatch, entry, says):
    monkeypatch.setenv("CI", TOKEN)
    (tmp_path / "short").write_text("0f7c4b9be0c1")
    text = entry.replace("%", DIGEST).replace("SHORT", str(tmp_path / "short"))

    with pytest.raises(FileError) as caught:
        load_api_tokens(written(tmp_path, f"# tokens\n- {text}\n"))

    assert says in str(caught.value)
    assert TOKEN[:8] not in str(caught.value)
