"""Questions about a connection, as commands and as people ask them; an error that begins so stays an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.connection_questions import spoken_connection
from intents.slash import Command, TextQuery, parse_command, parse_message
from intents.spelling import Misuse


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("connection shop/frontend backend:80", "connection check: from shop/frontend to backend:80"),
        ("connection from shop/frontend to backend", "connection check: from shop/frontend to backend"),
        ("connection deploy/shop/frontend backend", "connection check: from deployment shop/frontend to backend"),
        ("connection deploy shop/frontend backend", "connection check: from deployment shop/frontend to backend"),
        ("connection frontend backend -n shop", "connection check: from shop/frontend to backend"),
        ("connection frontend backend:80 in shop", "connection check: from shop/frontend to backend:80"),
        ("connection shop/frontend data/orders:80", "connection check: from shop/frontend to orders.data:80"),
        ("connection shop/frontend http://backend:80/", "connection check: from shop/frontend to backend:80"),
        ("connection backend.shop:80", "connection check: to backend.shop:80"),
        ("connection backend:80 -n shop", "connection check: to backend:80 in namespace shop"),
        ("连接 shop/frontend backend:80", "连接检查：从 shop/frontend 到 backend:80"),
        ("连接 backend.shop:80", "连接检查：到 backend.shop:80"),
    ],
)
def test_a_command_asks_about_a_connection(text: str, asked: str) -> None:
    assert parse_command(text) == parse_message(f"<@U0BOT> {text}") == TextQuery(text=asked)


def test_a_command_may_name_the_cluster() -> None:
    asked = TextQuery(text="connection check: from shop/frontend to backend:80", cluster="prod")

    assert parse_command("connection shop/frontend backend:80 @prod") == asked
    assert parse_command("connection shop/frontend backend:80 in prod") == asked


@pytest.mark.parametrize(
    "text",
    ["connection refused", "connection timed out", "connection reset by peer", "connection error: pod shop/api-0"],
)
def test_an_error_stays_an_error(text: str) -> None:
    assert parse_command(text) == TextQuery(text=text)


def test_a_command_without_names_shows_its_usage() -> None:
    asked: Command = parse_command("connection")

    assert isinstance(asked, Misuse)
    assert asked.usage == "connection NAMESPACE/CLIENT SERVICE:PORT"


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("can frontend reach backend?", "connection check: from frontend to backend"),
        ("why can't frontend reach backend:80?", "connection check: from frontend to backend:80"),
        (
            "why can deployment shop/frontend not reach service backend?",
            "connection check: from deployment shop/frontend to backend",
        ),
        ("is frontend still able to talk to db.data:5432?", "connection check: from frontend to db.data:5432"),
        ("shop/frontend cannot connect to backend:80", "connection check: from shop/frontend to backend:80"),
        ("frontend 能访问 backend 吗？", "连接检查：从 frontend 到 backend"),
        ("shop/frontend 连不上 backend:80", "连接检查：从 shop/frontend 到 backend:80"),
        ("nobody can reach backend.shop:80", "connection check: to backend.shop:80"),
        ("nobody reaches the service backend in shop", "connection check: to backend.shop"),
        ("why can't anyone call pages in wiki?", "connection check: to pages.wiki"),
        ("why can nobody open pages in the namespace wiki any more?", "connection check: to pages.wiki"),
        ("no one is able to connect to pages-api", "connection check: to pages-api"),
        ("为什么没人能访问 pages-api？", "连接检查：到 pages-api"),
        ("wiki 里谁都连不上 pages", "连接检查：到 pages.wiki"),
        ("nobody can reach me", ""),
        ("nobody can open the door", ""),
        ("can anyone call the database team?", ""),
        ("can you reach me?", ""),
        ("can users reach checkout?", ""),
        ("can we call you?", ""),
        ("is it able to reach them", ""),
        ("why can't pod shop/api-0 reach the database?", ""),
        ("can shop/api-0 reach internet?", ""),
        ("can shop/api-0 reach database:5432?", "connection check: from shop/api-0 to database:5432"),
        ("frontend can't reach backend since the release of Monday", ""),
    ],
)
def test_people_ask_for_it_in_words(said: str, asked: str) -> None:
    assert spoken_connection(said) == asked


@given(st.text(max_size=200))
def test_no_text_breaks_it(said: str) -> None:
    assert isinstance(spoken_connection(said), str)
    parse_command(f"connection {said}")
