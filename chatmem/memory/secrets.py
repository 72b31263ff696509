"""Credentials and card numbers: text that holds one never becomes a memory."""

from __future__ import annotations

import re

_SECRETS = (
    (
        "password",
        re.compile(
            r"\b(?:password|passwd|passcode|passphrase|pin(?: code| number)?)\b\s*(?:is|was|:|=|(?:for|to|of) [\w' ]{1,30} is)\s*(?!(?:wrong|not|too|very|really|safe|secure|the same|stored|long|short)\b)\S+",
            re.IGNORECASE,
        ),
    ),
    ("private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    (
        "access key",
        re.compile(
            r"\b(?:sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|AKIA[0-9A-Z]{16}|AIza[\w-]{30,}|xox[abp]-[\w-]{10,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*)"
        ),
    ),
    (
        "access key",
        re.compile(r"\b(?:api[ _-]?key|secret[ _-]?key|access[ _-]?token|seed phrase|recovery phrase)\b\s*(?:is|:|=)\s*\S{8,}", re.IGNORECASE),
    ),
    ("security code", re.compile(r"\b(?:cvv|cvc|security code|one[- ]time code|verification code)\b\s*(?:is|:|=)?\s*\d{3,8}\b", re.IGNORECASE)),
    ("social security number", re.compile(r"\b\d{3}-\d{2}-\d{4}\b")),
    ("bank account number", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")),
)
_CARD = re.compile(r"\b\d(?:[ -]?\d){12,18}\b")


def secret(text: str) -> str | None:
    """What kind of secret the text holds (password, card number, …); None when none."""
    for kind, pattern in _SECRETS:
        if pattern.search(text):
            return kind
    for match in _CARD.finditer(text):
        if _luhn([int(c) for c in match[0] if c.isdigit()]):
            return "card number"
    return None


def _luhn(digits: list[int]) -> bool:
    doubled = [d if i % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0
