"""A model as judge, by LongMemEval's criteria for each type of question, its verdict parsed strictly.

The official judge takes "yes" anywhere in the output; here the first word has to be yes or no, and everything else is
counted as unreadable. Figures by another judge than the official one are not LongMemEval accuracy.
"""

from __future__ import annotations

import re

from chatmem.evaluate.answers import Model, generate
from chatmem.evaluate.datasets import Gold
from chatmem.prompts import Prompt

VERDICT_TOKENS = 10


def criterion(gold: Gold) -> str:
    """Which of the official criteria applies; abstention goes before the type."""
    if gold.abstention:
        return "abstention"
    for kind in ("preference", "knowledge-update", "temporal"):
        if kind in gold.type:
            return kind
    return "answer"


def judge(model: Model, prompt: Prompt, gold: Gold, question: str, response: str) -> bool | None:
    """Whether a response is right; None when the verdict cannot be read. Raises ModelError."""
    values = {"criterion": criterion(gold), "question": question, "answer": gold.answer, "response": response}
    messages = [{"role": part, "content": prompt.render(part, **values)} for part in ("system", "user")]
    return parse_verdict(generate(model, messages, VERDICT_TOKENS).text)


def parse_verdict(text: str) -> bool | None:
    """True for a first word "yes", False for "no", else None."""
    match = re.match(r"\W*(yes|no)\b", text, re.IGNORECASE)
    return match[1].casefold() == "yes" if match else None
