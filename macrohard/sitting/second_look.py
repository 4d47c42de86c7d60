"""A second look at what a user complains of having seen: a fresh mind, and the picture alone.

It gets what the program told of that moment in words, but neither the scenario nor the
conversation, so that it owes the first one nothing.
"""

from collections.abc import Mapping

from macrohard.documents import write_task
from macrohard.errors import ReplyError
from macrohard.llm.base import Asker, Model
from macrohard.llm.picture import Picture
from macrohard.loop.agent import Assignment, ask
from macrohard.roles import Role, Roster
from macrohard.users.base import Looked, Tape, Taped
from macrohard.users.judging.complaints import backing, named_picture
from macrohard.users.tools import show
from macrohard.work import SecondLook, Verdict

MOST = 8
"""Complaints of one user that are looked at again."""
_TASK = "Look at this place of the picture."


def second_looker(roster: Roster) -> Role | None:
    """Who looks; None in the roster of an older recording."""
    output = SecondLook.__name__
    return next((role for role in roster.of("users", "lead") if role.output == output), None)


async def look_again(
    verdict: Verdict,
    tape: Tape,
    *,
    shown: Mapping[str, Picture],
    looker: Role,
    asker: Asker,
    model: Model,
) -> tuple[Looked, ...]:
    """Have the complaints that rest on a picture alone looked at by a fresh mind.

    Args:
        verdict: What the user handed in.
        tape: What happened.
        shown: The pictures that the user was shown, by name.
        looker: Who looks.
        asker: The user whose verdict it is.
        model: Answers.
    """
    found = []
    for complaint, entry in _seen_only(verdict, tape)[:MOST]:
        picture = shown[entry.seen.picture]
        job = Assignment(
            role=looker,
            asker=asker.model_copy(update={"role": looker.name, "output": looker.output}),
            task=write_task(_TASK, {"words": show(entry.seen), "complaint": complaint}),
            pictures=(picture,),
        )
        try:
            look = await ask(job, model, SecondLook)
        except ReplyError:
            continue  # nobody looked: the complaint stays what it was
        found.append(
            Looked(complaint=complaint, picture=picture.name, holds=look.holds, seen=look.seen)
        )
    return tuple(found)


def _seen_only(verdict: Verdict, tape: Tape) -> list[tuple[str, Taped]]:
    """Complaints that rest on a picture alone, each with the action that left the picture."""
    named = [
        (complaint, named_picture(complaint, tape))
        for complaint in verdict.complaints
        if backing(complaint, tape) is None
    ]
    return [(complaint, entry) for complaint, entry in named if entry is not None]
