"""What a capable model proposes for memory, and the checks that each proposal must pass.

A small model invents; a large one does too, at times. So nothing that a model says is stored because it said it: a
fact must rest on the words of its message, and a sentence of a summary may hold no number or name that was not said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chatmem.errors import Interrupted, ModelError
from chatmem.memory.extract import as_candidate
from chatmem.memory.sentences import HOLE, sentences
from chatmem.memory.times import written
from chatmem.memory.validate import validate
from chatmem.prompts import Prompt
from chatmem.types import Candidate, Turn
from chatmem.words import content_stems, is_question

AskJson = Callable[[list[dict[str, str]], dict[str, Any], int], Any]
"""Messages, a JSON schema and a cap on tokens to a value that obeys the schema; raises ModelError, or Interrupted to try again later."""


@dataclass(frozen=True)
class Proposer:
    """A capable model at the service of memory: how to ask it, and its two prompts."""

    ask: AskJson
    facts_prompt: Prompt
    summary_prompt: Prompt

    def facts(self, text: str, said_at: datetime, known: Sequence[Candidate]) -> list[Candidate]:
        """Facts of a message beyond those ``known``, each checked. Raises Interrupted."""
        return propose_facts(self.ask, self.facts_prompt, text, said_at, known)[0]

    def summary(self, turns: Sequence[Turn]) -> list[str]:
        """Checked sentences on a conversation; empty when the model fails. Raises Interrupted."""
        return propose_summary(self.ask, self.summary_prompt, turns)


MAX_FACTS = 8
MAX_SENTENCES = 5
MAX_CONVERSATION = 12_000  # characters of a conversation that are given to the model to summarise
FACTS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"facts": {"type": "array", "maxItems": MAX_FACTS, "items": {"type": "string", "maxLength": 200}}},
    "required": ["facts"],
    "additionalProperties": False,
}
SUMMARY_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"sentences": {"type": "array", "maxItems": MAX_SENTENCES, "items": {"type": "string", "maxLength": 240}}},
    "required": ["sentences"],
    "additionalProperties": False,
}


_ONESELF = re.compile(r"\b(?:i|i'?m|i'?ve|me|my|mine|we|we'?re|us|our)\b", re.IGNORECASE)


def may_state(text: str) -> bool:
    """Whether a message is worth a model's time: some of the words are the user's own, and not all a question about the world."""
    return any(_ONESELF.search(words) or not is_question(words.rstrip("? ")) for _, _, words in sentences(text) if HOLE not in words)


def propose_facts(ask: AskJson, prompt: Prompt, text: str, said_at: datetime, known: Sequence[Candidate]) -> tuple[list[Candidate], list[str]]:
    """Facts that the model finds in a message beyond those ``known`` by rule; and why others were rejected.

    A model that fails proposes nothing.
    """
    messages = [
        {"role": "system", "content": prompt.render("system", message=text, today=written(said_at.date()))},
        {"role": "user", "content": prompt.render("user", message=text, today=written(said_at.date()))},
    ]
    try:
        answer = ask(messages, FACTS_SCHEMA, prompt.max_tokens)
        proposals = [str(item) for item in answer["facts"]]
    except Interrupted:
        raise
    except (ModelError, KeyError, TypeError) as error:
        return [], [str(error)]
    accepted: list[Candidate] = []
    rejected: list[str] = []
    for proposal in dict.fromkeys(" ".join(item.split()) for item in proposals):
        why = validate(proposal, text, said_at) or _repeats(proposal, [*known, *accepted])
        if why:
            rejected.append(f"{proposal}: {why}")
        else:
            accepted.append(as_candidate(proposal, " ".join(text.split())[:400], said_at))
    return accepted, rejected


def _repeats(proposal: str, known: Sequence[Candidate]) -> str | None:
    stems = content_stems(proposal)
    return next((f"the same as: {one.text}" for one in known if stems <= content_stems(one.text)), None)


def propose_summary(ask: AskJson, prompt: Prompt, turns: Sequence[Turn]) -> list[str]:
    """Sentences on a conversation by the model, without those that hold what was not said; empty when it fails."""
    lines = [f"{'User' if turn.role == 'user' else 'Companion'}: {' '.join(turn.content.split())}" for turn in turns]
    conversation = "\n".join(lines)[-MAX_CONVERSATION:]
    messages = [
        {"role": "system", "content": prompt.render("system", conversation=conversation)},
        {"role": "user", "content": prompt.render("user", conversation=conversation)},
    ]
    try:
        answer = ask(messages, SUMMARY_SCHEMA, prompt.max_tokens)
        sentences = [" ".join(str(item).split()) for item in answer["sentences"]]
    except Interrupted:
        raise
    except (ModelError, KeyError, TypeError):
        return []
    said = "\n".join(turn.content for turn in turns if turn.role == "user")
    return [sentence for sentence in sentences if sentence and not unsupported(sentence, said)]


def unsupported(sentence: str, source: str) -> list[str]:
    """Numbers and names of a sentence that its source lacks, and its words when fewer than half are in the source."""
    missing = [number for number in re.findall(r"\d+(?:[.,:]\d+)*", sentence) if not re.search(rf"(?<!\d){re.escape(number)}(?!\d)", source)]
    names = re.findall(r"(?<=\s)[A-Z][\w'-]+", sentence)
    low = source.casefold()
    missing += [name for name in names if name.casefold().removesuffix("'s") not in low]
    stems = content_stems(sentence) - content_stems("The user")
    if stems and len(stems & content_stems(source)) < len(stems) / 2:
        missing.append("most of its words")
    return missing
