"""A suggestion is a valid value or there is none."""
# ruff: noqa: E501 - messages of the API server stay in one piece, so that they can be searched for

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kube.field_errors import FieldError, FieldErrorType
from bot.kube.template_fields import suggest

LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = rf"{LABEL}(\.{LABEL})*"
QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
RULES = {
    f"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
    f"alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{LABEL}')": (LABEL, 63),
    f"a DNS-1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric "
    f"character (e.g. 'my-name',  or '123-abc', regex used for validation is '{LABEL}')": (LABEL, 63),
    f"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with "
    f"an alphanumeric character (e.g. 'example.com', regex used for validation is '{SUBDOMAIN}')": (SUBDOMAIN, 253),
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with "
    "an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')": (
        "[a-z]([-a-z0-9]*[a-z0-9])?", 63,
    ),
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')": (
        QUALIFIED, 63,
    ),
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')": (QUALIFIED, 63),
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a "
    "digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is "
    "'[-._a-zA-Z][-._a-zA-Z0-9]*')": ("[-._a-zA-Z][-._a-zA-Z0-9]*", 1000),
    "must contain only alphanumeric characters (a-z, 0-9), and hyphens (-)": (r"(?=.*[a-z])(?!.*--)" + LABEL, 15),
    "must be no more than 15 characters": (r"(?=.*[a-z])(?!.*--)" + LABEL, 15),
}  # fmt: skip


def invalid(value: str, rule: str, type_: FieldErrorType = FieldErrorType.INVALID) -> FieldError:
    return FieldError(kind="Pod", name="web-0", field="spec.x.name", type=type_, value=value, rule=rule)


@given(st.text(max_size=90), st.sampled_from(sorted(RULES)))
def test_a_suggestion_satisfies_its_rule(value: str, rule: str) -> None:
    pattern, longest = RULES[rule]

    suggestion = suggest(invalid(value, rule))

    assert suggestion == "" or (
        re.fullmatch(pattern, suggestion) and len(suggestion) <= longest and suggestion != value
    )


@pytest.mark.parametrize(
    ("value", "rule", "expected"),
    [
        ("ACTOKEY", next(iter(RULES)), "actokey"),
        ("Prod_NS", next(iter(RULES)), "prod-ns"),
        ("--", next(iter(RULES)), ""),
        ("9lives", list(RULES)[3], "lives"),
        ("1ST_PORT", list(RULES)[6], "_1ST_PORT"),
        ("metrics-and-health-port", "must be no more than 15 characters", "metrics-and-hea"),
        ("2", "must be less than or equal to cpu limit of 1", "1"),
        ("2Gi", "must be less than or equal to memory limit of 512Mi", "512Mi"),
        ("3", "must be 1", "1"),
        ("99999", "must be between 1 and 65535, inclusive", ""),
        ("data", "must be an absolute path", "/data"),
        ("/data", "must be unique", ""),
        ("strict", "must be one of privileged, baseline, restricted", "restricted"),
    ],
)
def test_rules_in_words(value: str, rule: str, expected: str) -> None:
    assert suggest(invalid(value, rule)) == expected


def test_an_unsupported_value_becomes_the_supported_one_most_like_it() -> None:
    rule = 'supported values: "Always", "OnFailure", "Never"'

    assert suggest(invalid("never", rule, FieldErrorType.UNSUPPORTED)) == "Never"


def test_a_name_not_found_becomes_an_existing_one_like_it() -> None:
    missing = invalid("dta", "", FieldErrorType.NOT_FOUND)

    assert suggest(missing, choices=["config", "data"]) == "data"
    assert suggest(missing, choices=["config"]) == ""


def test_a_name_given_twice_gets_a_free_number_and_a_path_none() -> None:
    assert suggest(invalid("web", "", FieldErrorType.DUPLICATE), taken=["web", "web", "web-2"]) == "web-3"
    assert suggest(invalid("/data", "", FieldErrorType.DUPLICATE)) == ""


def test_what_is_required_forbidden_or_too_many_has_no_suggestion() -> None:
    for type_ in (FieldErrorType.REQUIRED, FieldErrorType.FORBIDDEN, FieldErrorType.TOO_MANY):
        assert suggest(invalid("", "must have at most 3 items", type_)) == ""
