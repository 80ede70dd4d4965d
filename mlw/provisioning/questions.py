"""Questions to people: only on a terminal, on standard error, and Ctrl-C is an interruption."""

from __future__ import annotations

import sys

import click


def can_ask() -> bool:
    """Whether somebody can answer: standard input is a terminal."""
    return bool(sys.stdin and sys.stdin.isatty())


def confirm(question: str) -> bool:
    """Ask for a yes; anything else is no."""
    try:
        return click.confirm(question, default=False, err=True)
    except click.Abort as exc:
        raise KeyboardInterrupt from exc


def ask(question: str, default: str = "") -> str:
    """Ask for a text."""
    try:
        return str(click.prompt(question, default=default or None, err=True)).strip()
    except click.Abort as exc:
        raise KeyboardInterrupt from exc
