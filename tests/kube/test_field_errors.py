"""Real refusals taken apart, and no text that breaks the parser."""
# ruff: noqa: E501 - messages of the API server stay in one piece, so that they can be searched for

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kube.field_errors import FieldError, FieldErrorType, parse

LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
TERM = "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].namespace"

REAL = [
    (
        f'create Pod db-tikv-0 in StatefulSet db-tikv failed error: Pod "db-tikv-0" is invalid: {TERM}: '
        f'Invalid value: "Prod_NS": {LABEL_RULE}',
        [("Pod", "db-tikv-0", TERM, "Invalid value", "Prod_NS", LABEL_RULE)],
    ),
    (
        'StatefulSet.apps "noimg" is invalid: spec.template.spec.containers[0].image: Required value',
        [("StatefulSet", "noimg", "spec.template.spec.containers[0].image", "Required value", "", "")],
    ),
    (
        'Error creating: Pod "web-6c9f7d8b54-" is invalid: [spec.containers[0].image: Required value, '
        'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1, '
        'spec.containers[1].name: Duplicate value: "a", spec.restartPolicy: Unsupported value: "Sometimes": '
        'supported values: "Always", "OnFailure", "Never"]',
        [
            ("Pod", "web-6c9f7d8b54-", "spec.containers[0].image", "Required value", "", ""),
            ("Pod", "web-6c9f7d8b54-", "spec.containers[0].resources.requests", "Invalid value", "2",
             "must be less than or equal to cpu limit of 1"),
            ("Pod", "web-6c9f7d8b54-", "spec.containers[1].name", "Duplicate value", "a", ""),
            ("Pod", "web-6c9f7d8b54-", "spec.restartPolicy", "Unsupported value", "Sometimes",
             'supported values: "Always", "OnFailure", "Never"'),
        ],
    ),
    (
        'Pod "priv" is invalid: spec.containers[0].securityContext.privileged: Forbidden: disallowed by cluster policy',
        [("Pod", "priv", "spec.containers[0].securityContext.privileged", "Forbidden", "", "disallowed by cluster policy")],
    ),
    (
        'create Pod mq-0 in StatefulSet mq failed error: Pod "mq-0" is invalid: spec.containers[0].volumeMounts[1].name: '
        'Not found: "dta"',
        [("Pod", "mq-0", "spec.containers[0].volumeMounts[1].name", "Not found", "dta", "")],
    ),
    (
        'Pod "mq-0" is invalid: spec.hostname: Too long: may not be more than 63 bytes',
        [("Pod", "mq-0", "spec.hostname", "Too long", "", "may not be more than 63 bytes")],
    ),
    (
        'Pod "mq-0" is invalid: spec.hostAliases: Too many: 5: must have at most 3 items',
        [("Pod", "mq-0", "spec.hostAliases", "Too many", "5", "must have at most 3 items")],
    ),
    (
        'Pod "x" is invalid: spec.containers[0].ports[0].containerPort: Invalid value: 99999: must be between 1 and 65535, inclusive',
        [("Pod", "x", "spec.containers[0].ports[0].containerPort", "Invalid value", "99999",
          "must be between 1 and 65535, inclusive")],
    ),
    (
        'Deployment.apps "x" is invalid: [spec.selector: Required value, spec.template.metadata.labels: Invalid value: '
        '{"app":"x"}: `selector` does not match template `labels`]',
        [
            ("Deployment", "x", "spec.selector", "Required value", "", ""),
            ("Deployment", "x", "spec.template.metadata.labels", "Invalid value", '{"app":"x"}',
             "`selector` does not match template `labels`"),
        ],
    ),
    (
        'Pod "x-0" is invalid: metadata.labels[team/pay.me]: Invalid value: "a b, spec.x: Invalid value": '
        "a valid label must be an empty string",
        [("Pod", "x-0", "metadata.labels[team/pay.me]", "Invalid value", "a b, spec.x: Invalid value",
          "a valid label must be an empty string")],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("message", "expected"), REAL)
def test_a_refusal_is_taken_apart(message: str, expected: list[tuple[str, ...]]) -> None:
    assert [(e.kind, e.name, e.field, str(e.type), e.value, e.rule) for e in parse(message)] == expected


@pytest.mark.parametrize(
    "message",
    [
        "",
        'pods "noprio-0" is forbidden: no PriorityClass with name missing-class was found',
        'Error creating: pods "wide-" is forbidden: exceeded quota: cap, requested: requests.cpu=600m',
        'Pod "x" is invalid: ',
        "The server was unable to return a response in the time allotted",
    ],
)
def test_other_refusals_are_no_field_errors(message: str) -> None:
    assert parse(message) == ()


def test_a_message_cut_off_inside_a_value_keeps_what_is_whole() -> None:
    cut = 'Pod "x" is invalid: [spec.a: Required value, spec.b: Invalid value: "some lo'

    first, second = parse(cut)

    assert (first.field, second.field, second.value) == ("spec.a", "spec.b", "some lo")


fields = st.from_regex(r"\A(spec|metadata)(\.[a-z][A-Za-z]{0,8}|\[[a-z0-9./]{1,8}\]){1,4}\Z")
values = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=30)
rules = st.from_regex(r"\A[a-z][a-z ]{0,30}[a-z]\Z")


@given(st.lists(st.tuples(fields, values, rules), min_size=1, max_size=4))
def test_what_the_api_server_prints_is_read_back(errors: list[tuple[str, str, str]]) -> None:
    bodies = [
        f"{field}: Invalid value: {json.dumps(value, ensure_ascii=False)}: {rule}" for field, value, rule in errors
    ]
    message = f"[{', '.join(bodies)}]" if len(bodies) > 1 else bodies[0]

    assert parse(f'Pod "web-0" is invalid: {message}') == tuple(
        FieldError(kind="Pod", name="web-0", field=field, type=FieldErrorType.INVALID, value=value, rule=rule)
        for field, value, rule in errors
    )


@given(
    st.text(max_size=400), st.sampled_from(['Pod "x" is invalid: ', 'Pod "x" is invalid: [a.b: Invalid value: ', ""])
)
def test_no_text_breaks_the_parser(text: str, prefix: str) -> None:
    for error in parse(prefix + text):
        assert error.field
